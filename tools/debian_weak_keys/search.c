/*
 * The fast form of emulation.py, which says what is computed and why, and by which this is judged.
 *
 *     search LONG ORDER STAT SEEDED FIRST LAST
 *
 * writes a line `PID MODULUS` (the modulus in upper-case hex) for every process id from FIRST to LAST, in no particular
 * order. LONG is the size of a `long`, ORDER `little` or `big`, STAT the octets of `struct stat` that were mixed in (0: the
 * seed file was absent), SEEDED 1 if the seed file was read. Needs GMP and a processor with AVX2.
 *
 * Nearly all the time goes into showing that candidates are composite, so four keys are made side by side and their
 * candidates are tested together, one in each lane of a vector register (the second half of this file).
 */

#include <gmp.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE = 1023, DIGEST = 20, OUTPUT = 10, OCTETS = 128, PRIMES = 2048, WITNESSES = 3, EXPONENT = 65537, LANES = 4 };

/* --- SHA-1, FIPS 180-4 6.1, of less than 56 + 64 octets --------------------------------------------------------------- */

typedef struct {
    unsigned char octets[128];
    int length;
} Message;

static uint32_t rotated(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

static void hash_block(uint32_t hash[5], const unsigned char *block) {
    uint32_t w[80], a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int t = 0; t < 16; t++) {
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    }
    for (int t = 16; t < 80; t++) {
        w[t] = rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    for (int t = 0; t < 80; t++) {
        uint32_t f = t < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                     : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                     : t < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                              : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = rotated(a, 5) + f + e + w[t];
        e = d, d = c, c = rotated(b, 30), b = a, a = next;
    }
    hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e;
}

static void append(Message *message, const unsigned char *octets, int length) {
    memcpy(message->octets + message->length, octets, (size_t)length);
    message->length += length;
}

static void finish(Message *message, unsigned char digest[DIGEST]) {
    uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    int blocks = message->length < 56 ? 1 : 2;
    int bits = 8 * message->length;
    memset(message->octets + message->length, 0, (size_t)(64 * blocks - message->length));
    message->octets[message->length] = 0x80;
    message->octets[64 * blocks - 2] = (unsigned char)(bits >> 8);
    message->octets[64 * blocks - 1] = (unsigned char)bits;
    for (int block = 0; block < blocks; block++) {
        hash_block(hash, message->octets + 64 * block);
    }
    for (int at = 0; at < DIGEST; at++) {
        digest[at] = (unsigned char)(hash[at / 4] >> (24 - 8 * (at % 4)));
    }
}

/* --- the generator of random numbers ---------------------------------------------------------------------------------- */

typedef struct {
    int size_of_long, big_endian, size_of_stat, seeded;
} Setting;

typedef struct {
    const Setting *setting;
    uint32_t pid;
    unsigned char state[STATE], digest[DIGEST];
    int used, at, polled, stirred;
    uint64_t drawn, added;
} Generator;

static void append_number(Message *message, uint64_t number, int size, int big_endian) {
    unsigned char octets[8];
    for (int at = 0; at < 8; at++) {
        octets[at] = (unsigned char)(number >> 8 * (big_endian ? 7 - at : at));
    }
    append(message, big_endian ? octets + 8 - size : octets, size);
}

static void append_counters(Message *message, const Generator *generator, uint64_t drawn, uint64_t added) {
    append_number(message, drawn, generator->setting->size_of_long, generator->setting->big_endian);
    append_number(message, added, generator->setting->size_of_long, generator->setting->big_endian);
}

static void mix_in(Generator *generator, int length) {
    unsigned char local[DIGEST];
    memcpy(local, generator->digest, DIGEST);
    for (int done = 0; done < length; done += DIGEST) {
        int block = length - done < DIGEST ? length - done : DIGEST;
        Message message = {.length = 0};
        append(&message, local, DIGEST);
        for (int k = 0; k < block; k++) {
            message.octets[message.length++] = generator->state[(generator->at + k) % STATE];
        }
        append_counters(&message, generator, generator->drawn, generator->added++);
        finish(&message, local);
        for (int k = 0; k < block; k++) {
            generator->state[(generator->at + k) % STATE] ^= local[k];
        }
        int end = generator->at + block;
        if (end > generator->used) {
            generator->used = end < STATE ? end : STATE;
        }
        generator->at = end % STATE;
    }
    for (int k = 0; k < DIGEST; k++) {
        generator->digest[k] ^= local[k];
    }
}

static void poll_once(Generator *generator) {
    if (!generator->polled) {
        generator->polled = 1;
        mix_in(generator, 32);
        for (int k = 0; k < 3; k++) {
            mix_in(generator, generator->setting->size_of_long);
        }
    }
}

static void draw(Generator *generator, unsigned char *output, int length) {
    poll_once(generator);
    for (int done = generator->stirred ? STATE : 0; done < STATE; done += DIGEST) {
        mix_in(generator, DIGEST);
    }
    generator->stirred = 1;
    unsigned char local[DIGEST];
    memcpy(local, generator->digest, DIGEST);
    uint64_t drawn = generator->drawn++;
    for (int done = 0; done < length; done += OUTPUT) {
        Message message = {.length = 0};
        if (done == 0 && generator->pid != 0) {
            append_number(&message, generator->pid, 4, generator->setting->big_endian);
        }
        append(&message, local, DIGEST);
        append_counters(&message, generator, drawn, generator->added);
        for (int k = 0; k < OUTPUT; k++) {
            message.octets[message.length++] = generator->state[(generator->at + k) % generator->used];
        }
        finish(&message, local);
        for (int k = 0; k < OUTPUT; k++) {
            generator->state[(generator->at + k) % generator->used] ^= local[k];
        }
        generator->at = (generator->at + OUTPUT) % generator->used;
        int wanted = length - done < OUTPUT ? length - done : OUTPUT;
        memcpy(output + done, local + OUTPUT, (size_t)wanted);
    }
    Message message = {.length = 0};
    append_counters(&message, generator, drawn, generator->added);
    append(&message, local, DIGEST);
    append(&message, generator->digest, DIGEST);
    finish(&message, generator->digest);
}

static void start(Generator *generator, const Setting *setting, uint32_t pid) {
    memset(generator, 0, sizeof *generator);
    generator->setting = setting;
    generator->pid = pid;
    mix_in(generator, setting->size_of_stat);
    if (setting->seeded) {
        mix_in(generator, 1024);
    } else {
        poll_once(generator);
    }
}

static void draw_number(Generator *generator, mpz_t number, int for_prime) {
    unsigned char octets[OCTETS];
    mix_in(generator, generator->setting->size_of_long);
    draw(generator, octets, OCTETS);
    if (for_prime) {
        octets[0] |= 0xc0;
        octets[OCTETS - 1] |= 1;
    }
    mpz_import(number, OCTETS, 1, 1, 1, 0, octets);
}

/* --- candidates for a prime ------------------------------------------------------------------------------------------- */

static uint32_t primes[PRIMES];
static struct {
    unsigned long product;
    int first, beyond;
} groups[PRIMES]; /* primes[first] to primes[beyond - 1], whose product fits a word: one long division for several primes */
static int group_count;

static void find_small_primes(void) {
    int found = 0;
    for (uint32_t number = 2; found < PRIMES; number++) {
        int composite = 0;
        for (int k = 0; k < found && !composite && primes[k] * primes[k] <= number; k++) {
            composite = number % primes[k] == 0;
        }
        if (!composite) {
            primes[found++] = number;
        }
    }
    for (int k = 1; k < PRIMES; group_count++) {
        groups[group_count].product = 1;
        groups[group_count].first = k;
        while (k < PRIMES && groups[group_count].product <= UINT64_MAX / primes[k]) {
            groups[group_count].product *= primes[k++];
        }
        groups[group_count].beyond = k;
    }
}

static void sieve(mpz_t candidate) {
    uint32_t residues[PRIMES];
    for (int group = 0; group < group_count; group++) {
        unsigned long residue = mpz_fdiv_ui(candidate, groups[group].product);
        for (int k = groups[group].first; k < groups[group].beyond; k++) {
            residues[k] = (uint32_t)(residue % primes[k]);
        }
    }
    uint32_t step = 0;
    for (int k = 1; k < PRIMES; k++) {
        if ((residues[k] + step) % primes[k] <= 1) {
            step += 2;
            k = 0;
        }
    }
    mpz_add_ui(candidate, candidate, step);
}

/* --- Fermat's test to the base 2 of four candidates of 1024 bits ------------------------------------------------------ */

/* A number is 36 limbs of 29 bits, limb k of the four numbers in one vector. A limb may be a little more than 29 bits: the
   sum of 36 products of limbs, and of the carries, has to fit 64 bits, and does up to 2^29 + 2^16. */
typedef unsigned long long Vector __attribute__((vector_size(8 * LANES)));
enum { LIMBS = 36, ROWS = 6, COLUMNS = 2 * LIMBS, LIMB_BITS = 29, RADIX_BITS = LIMBS * LIMB_BITS };
enum { CROWDED = 32, CROWDED_COLUMNS = 12 }; /* the columns that would get more than 63 products, and one more */
enum { PRIME_BITS = 1024, PREFIX = 10 };
#define LIMB_MASK ((1ULL << LIMB_BITS) - 1)

static inline Vector product(Vector one, Vector other) {
    return (Vector)_mm256_mul_epu32((__m256i)one, (__m256i)other);
}

/* columns += rows * number, for six limbs in `rows` and at least six in `number`. */
static inline void add_product(Vector *columns, const Vector rows[ROWS], const Vector *number, int count) {
#pragma GCC unroll 6
    for (int k = 0; k < ROWS - 1; k++) {
#pragma GCC unroll 6
        for (int r = 0; r <= k; r++) {
            columns[k] += product(rows[r], number[k - r]);
        }
    }
    Vector n1 = number[4], n2 = number[3], n3 = number[2], n4 = number[1], n5 = number[0];
#pragma GCC unroll 6
    for (int k = ROWS - 1; k < count; k++) {
        Vector n0 = number[k];
        columns[k] += (product(rows[0], n0) + product(rows[1], n1)) + (product(rows[2], n2) + product(rows[3], n3)) +
                      (product(rows[4], n4) + product(rows[5], n5));
        n5 = n4, n4 = n3, n3 = n2, n2 = n1, n1 = n0;
    }
#pragma GCC unroll 6
    for (int k = 0; k < ROWS - 1; k++) {
#pragma GCC unroll 6
        for (int r = k + 1; r < ROWS; r++) {
            columns[count + k] += product(rows[r], number[count + k - r]);
        }
    }
}

static inline void square(Vector columns[COLUMNS], const Vector number[LIMBS]) {
    Vector twice[LIMBS];
    for (int k = 0; k < LIMBS; k++) {
        twice[k] = number[k] + number[k];
    }
    memset(columns, 0, LIMBS * sizeof columns[0]);
    memset(columns + LIMBS, 0, LIMBS * sizeof columns[0]);
    for (int i = 0; i < LIMBS; i += ROWS) {
        const Vector *a = number + i, *d = twice + i;
        Vector *c = columns + 2 * i;
        /* Products of these limbs among themselves, then of these limbs with those above them. */
#pragma GCC unroll 6
        for (int k = 0; k < ROWS; k++) {
            c[2 * k] += product(a[k], a[k]);
#pragma GCC unroll 6
            for (int r = 0; r < k; r++) {
                c[k + r] += product(a[r], d[k]);
            }
        }
        if (i + ROWS < LIMBS) {
            add_product(c + ROWS, a, d + ROWS, LIMBS - ROWS - i);
        }
    }
}

/* Each limb but the last hands what is above 29 bits to the next, all at once, so that a carry may remain. */
static inline void carry_once(Vector *limbs, int count) {
    Vector below = {0};
    for (int k = 0; k < count - 1; k++) {
        Vector carry = limbs[k] >> LIMB_BITS;
        limbs[k] = (limbs[k] & LIMB_MASK) + below;
        below = carry;
    }
    limbs[count - 1] += below;
}

/* What `reduce` has to know of the modulus: its limbs, -1 / modulus modulo 2^29, and the multiple of it that is -1 modulo
   2^174, of which `lifted` is the part above 2^174. With that multiple six limbs are taken off at once, and none waits for
   the other; but it is 174 bits longer than the modulus, so the last six limbs are taken off with the modulus itself. */
typedef struct {
    Vector limbs[LIMBS], inverse, lifted[LIMBS];
} Modulus;

/* Montgomery: columns / 2^1044 modulo the modulus, for the lanes in `doubled` twice that; less than four moduli. */
static inline void reduce(Vector number[LIMBS], Vector columns[COLUMNS], const Modulus *modulus, Vector doubled) {
    Vector rows[ROWS];
    for (int i = 0; i < LIMBS - ROWS; i += ROWS) {
        Vector carry = {0};
#pragma GCC unroll 6
        for (int r = 0; r < ROWS; r++) {
            Vector sum = columns[i + r] + carry;
            rows[r] = sum & LIMB_MASK;
            carry = sum >> LIMB_BITS;
        }
        columns[i + ROWS] += carry;
        add_product(columns + i + ROWS, rows, modulus->lifted, LIMBS);
    }
    Vector *c = columns + LIMBS - ROWS, carry = {0};
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++) {
        Vector sum = c[r] + carry;
#pragma GCC unroll 6
        for (int earlier = 0; earlier < r; earlier++) {
            sum += product(rows[earlier], modulus->limbs[r - earlier]);
        }
        rows[r] = product(sum, modulus->inverse) & LIMB_MASK;
        carry = (sum + product(rows[r], modulus->limbs[0])) >> LIMB_BITS;
    }
    c[ROWS] += carry;
#pragma GCC unroll 6
    for (int k = ROWS; k < 2 * ROWS - 1; k++) {
#pragma GCC unroll 6
        for (int r = k - ROWS + 1; r < ROWS; r++) {
            c[k] += product(rows[r], modulus->limbs[k - r]);
        }
    }
    add_product(c + ROWS, rows, modulus->limbs + ROWS, LIMBS - ROWS);
    carry_once(columns + LIMBS, LIMBS);
    for (int k = 0; k < LIMBS; k++) {
        number[k] = columns[LIMBS + k] + (columns[LIMBS + k] & doubled);
    }
    carry_once(number, LIMBS);
}

static void spread(Vector *limbs, const mpz_t number, int lane) {
    uint32_t words[LIMBS] = {0};
    mpz_export(words, NULL, -1, sizeof words[0], 0, 32 - LIMB_BITS, number);
    for (int k = 0; k < LIMBS; k++) {
        limbs[k][lane] = words[k];
    }
}

static void set_up_lane(Modulus *modulus, Vector number[LIMBS], const mpz_t candidate, int lane) {
    mpz_t scratch, power;
    mpz_inits(scratch, power, NULL);
    spread(modulus->limbs, candidate, lane);
    /* The multiple is one less than a multiple of 2^174: candidate * (-1 / candidate modulo 2^174). */
    mpz_setbit(power, ROWS * LIMB_BITS);
    mpz_invert(scratch, candidate, power);
    mpz_sub(scratch, power, scratch);
    modulus->inverse[lane] = mpz_get_ui(scratch) & LIMB_MASK;
    mpz_mul(scratch, scratch, candidate);
    mpz_add_ui(scratch, scratch, 1);
    mpz_fdiv_q_2exp(scratch, scratch, ROWS * LIMB_BITS);
    spread(modulus->lifted, scratch, lane);
    /* 2 to the power of the exponent's first bits, in Montgomery's form. The exponent is the candidate less 1, and so the
       candidate's own bits but for the last, which is 0. */
    mpz_fdiv_q_2exp(scratch, candidate, PRIME_BITS - PREFIX);
    mp_bitcnt_t prefix = mpz_get_ui(scratch);
    mpz_set_ui(scratch, 0);
    mpz_setbit(scratch, prefix + RADIX_BITS);
    mpz_mod(scratch, scratch, candidate);
    spread(number, scratch, lane);
    mpz_clears(scratch, power, NULL);
}

static int is_one(const Vector number[LIMBS], const mpz_t candidate, int lane) {
    mpz_t residue;
    mpz_init(residue);
    for (int k = LIMBS - 1; k >= 0; k--) {
        mpz_mul_2exp(residue, residue, LIMB_BITS);
        mpz_add_ui(residue, residue, number[k][lane]);
    }
    mpz_mod(residue, residue, candidate);
    int one = mpz_cmp_ui(residue, 1) == 0;
    mpz_clear(residue);
    return one;
}

static void test_four(mpz_t candidates[LANES], int passes[LANES]) {
    static Modulus modulus;
    Vector number[LIMBS], columns[COLUMNS], doubled = {0};
    for (int lane = 0; lane < LANES; lane++) {
        set_up_lane(&modulus, number, candidates[lane], lane);
    }
    for (int bit = PRIME_BITS - PREFIX - 1; bit >= 0; bit--) {
        for (int lane = 0; lane < LANES; lane++) {
            doubled[lane] = bit && mpz_tstbit(candidates[lane], (mp_bitcnt_t)bit) ? ~0ULL : 0;
        }
        square(columns, number);
        carry_once(columns + CROWDED, CROWDED_COLUMNS);
        reduce(number, columns, &modulus, doubled);
    }
    memset(columns, 0, sizeof columns);
    memcpy(columns, number, sizeof number);
    reduce(number, columns, &modulus, (Vector){0}); /* out of Montgomery's form */
    for (int lane = 0; lane < LANES; lane++) {
        passes[lane] = is_one(number, candidates[lane], lane);
    }
}

/* --- four keys side by side ------------------------------------------------------------------------------------------- */

typedef struct {
    Generator generator;
    mpz_t candidate, factor;
    int active, has_factor;
} Key;

static void draw_candidate(Key *key) {
    draw_number(&key->generator, key->candidate, 1);
    sieve(key->candidate);
}

/* Draw the bases that the test of the candidate drew. */
static void draw_bases(Key *key, int count, mpz_t scratch) {
    mpz_sub_ui(key->candidate, key->candidate, 1);
    for (int k = 0; k < count; k++) {
        do {
            draw_number(&key->generator, scratch, 0);
        } while (mpz_cmp(scratch, key->candidate) >= 0);
    }
    mpz_add_ui(key->candidate, key->candidate, 1);
}

/* Take what the test said of the key's candidate. Returns 1 when the key is complete: its modulus is then `factor`. */
static int advance(Key *key, int prime, mpz_t scratch) {
    draw_bases(key, prime ? WITNESSES : 1, scratch);
    if (!prime || mpz_fdiv_ui(key->candidate, EXPONENT) == 1) {
        return 0;
    }
    if (key->has_factor) {
        mpz_mul(key->factor, key->factor, key->candidate);
        return 1;
    }
    mpz_set(key->factor, key->candidate);
    key->has_factor = 1;
    return 0;
}

static void search(const Setting *setting, uint32_t first, uint32_t last) {
    static Key keys[LANES];
    mpz_t scratch, candidates[LANES];
    int passes[LANES], active = 0;
    uint32_t next = first;
    mpz_init(scratch);
    for (int lane = 0; lane < LANES; lane++) {
        mpz_inits(keys[lane].candidate, keys[lane].factor, candidates[lane], NULL);
    }
    do {
        active = 0;
        for (int lane = 0; lane < LANES; lane++) {
            Key *key = &keys[lane];
            if (!key->active && next <= last) {
                start(&key->generator, setting, next++);
                key->active = 1;
                key->has_factor = 0;
            }
            if (key->active) {
                draw_candidate(key);
                mpz_set(candidates[lane], key->candidate);
                active++;
            } else if (mpz_sgn(candidates[lane]) == 0) {
                mpz_ui_pow_ui(candidates[lane], 2, PRIME_BITS); /* nothing to do in this lane: any odd number of the size */
                mpz_sub_ui(candidates[lane], candidates[lane], 1);
            }
        }
        if (active) {
            test_four(candidates, passes);
        }
        for (int lane = 0; lane < LANES; lane++) {
            Key *key = &keys[lane];
            if (key->active && advance(key, passes[lane], scratch)) {
                gmp_printf("%u %ZX\n", key->generator.pid, key->factor);
                fflush(stdout);
                key->active = 0;
            }
        }
    } while (active);
}

int main(int count, char **arguments) {
    if (count != 7) {
        fputs("usage: search LONG ORDER STAT SEEDED FIRST LAST\n", stderr);
        return 2;
    }
    Setting setting = {
        .size_of_long = atoi(arguments[1]),
        .big_endian = strcmp(arguments[2], "big") == 0,
        .size_of_stat = atoi(arguments[3]),
        .seeded = atoi(arguments[4]),
    };
    find_small_primes();
    search(&setting, (uint32_t)atoi(arguments[5]), (uint32_t)atoi(arguments[6]));
    return 0;
}
