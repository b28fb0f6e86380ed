/*
 * The fast form of emulation.py, which says what is computed and why, and by which this is judged.
 *
 *     search LONG ORDER STAT SEEDED FIRST LAST
 *
 * writes a line `PID MODULUS` (the modulus in upper-case hex) for every process id from FIRST to LAST, in no particular
 * order. LONG is the size of a `long`, ORDER `little` or `big`, STAT the octets of `struct stat` that were mixed in (0: the
 * seed file was absent), SEEDED 1 if the seed file was read. Needs GMP, libcrypto and a processor with AVX2 and FMA;
 * generate.py knows how to compile it.
 *
 * Nearly all the time goes into showing that candidates are composite, so four keys are made side by side and their
 * candidates are tested together (fermat.c).
 */

#include "fermat.h"

#define OPENSSL_API_COMPAT 0x10101000L /* later versions discourage the bare block function of SHA-1 */
#include <gmp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE = 1023, DIGEST = 20, OUTPUT = 10, OCTETS = 128, PRIMES = 2048, WITNESSES = 3, EXPONENT = 65537 };

/* --- SHA-1 of a message of less than 56 + 64 octets ------------------------------------------------------------------- */

typedef struct {
    unsigned char octets[128];
    int length;
} Message;

static void append(Message *message, const unsigned char *octets, int length) {
    memcpy(message->octets + message->length, octets, (size_t)length);
    message->length += length;
}

static void finish(Message *message, unsigned char digest[DIGEST]) {
    SHA_CTX hash;
    int blocks = message->length < 56 ? 1 : 2;
    int bits = 8 * message->length;
    memset(message->octets + message->length, 0, (size_t)(64 * blocks - message->length));
    message->octets[message->length] = 0x80;
    message->octets[64 * blocks - 2] = (unsigned char)(bits >> 8);
    message->octets[64 * blocks - 1] = (unsigned char)bits;
    SHA1_Init(&hash);
    for (int block = 0; block < blocks; block++) {
        SHA1_Transform(&hash, message->octets + 64 * block);
    }
    const SHA_LONG words[] = {hash.h0, hash.h1, hash.h2, hash.h3, hash.h4};
    for (int at = 0; at < DIGEST; at++) {
        digest[at] = (unsigned char)(words[at / 4] >> (24 - 8 * (at % 4)));
    }
}

/* --- the generator of random numbers ---------------------------------------------------------------------------------- */

typedef struct {
    int size_of_long, big_endian, size_of_stat, seeded;
} Setting;

typedef struct {
    const Setting *setting;
    uint32_t pid;
    unsigned char state[STATE + 1], digest[DIGEST]; /* the last octet of the state is sometimes written and never read */
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

static void append_state(Message *message, const Generator *generator, int at, int count, int end) {
    for (int k = 0; k < count; k++) {
        message->octets[message->length++] = generator->state[(at + k) % end];
    }
}

static int stir(Generator *generator, int at, const unsigned char *octets, int count, int end) {
    for (int k = 0; k < count; k++) {
        generator->state[at] ^= octets[k];
        at = at + 1 < end ? at + 1 : 0;
    }
    return at;
}

static void mix_in(Generator *generator, int length) {
    unsigned char local[DIGEST];
    int at = generator->at, end = generator->at + length;
    memcpy(local, generator->digest, DIGEST);
    for (int done = 0; done < length; done += DIGEST) {
        int block = length - done < DIGEST ? length - done : DIGEST;
        Message message = {.length = 0};
        append(&message, local, DIGEST);
        append_state(&message, generator, at, block, STATE);
        append_counters(&message, generator, generator->drawn, generator->added++);
        finish(&message, local);
        at = stir(generator, at, local, block, STATE);
    }
    if (end > generator->used) {
        generator->used = end < STATE ? end : STATE;
    }
    generator->at = end % STATE;
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
    int at = generator->at;
    for (int done = 0; done < length; done += OUTPUT) {
        Message message = {.length = 0};
        if (done == 0 && generator->pid != 0) {
            append_number(&message, generator->pid, 4, generator->setting->big_endian);
        }
        append(&message, local, DIGEST);
        append_counters(&message, generator, drawn, generator->added);
        append_state(&message, generator, at, OUTPUT, generator->used);
        finish(&message, local);
        at = stir(generator, at, local, OUTPUT, generator->used);
        generator->at += OUTPUT;
        int wanted = length - done < OUTPUT ? length - done : OUTPUT;
        memcpy(output + done, local + OUTPUT, (size_t)wanted);
    }
    if (generator->at > generator->used) { /* not when equal: emulation.py */
        generator->at %= generator->used;
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
                mpz_ui_pow_ui(candidates[lane], 2, 8 * OCTETS); /* nothing to do in this lane: any odd number of the size */
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
    prepare();
    search(&setting, (uint32_t)atoi(arguments[5]), (uint32_t)atoi(arguments[6]));
    return 0;
}
