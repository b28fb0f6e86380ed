/*
 * Fermat's test to the base 2 of four candidates of 1024 bits at once, one in each lane of a vector register. Needs AVX2 and
 * FMA, rounding toward zero (`prepare`), and a compiler that leaves each operation as it is written (generate.py).
 */

#include "fermat.h"

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

void prepare(void) { _MM_SET_ROUNDING_MODE(_MM_ROUND_TOWARD_ZERO); }

/* A number is 20 limbs of 52 bits, limb k of the four numbers in one vector. Limbs that are multiplied are held as doubles,
   because a fused multiply-add gives both halves of a product of two such limbs; the halves are added up as integers. */
typedef double Doubles __attribute__((vector_size(8 * LANES)));
typedef unsigned long long Integers __attribute__((vector_size(8 * LANES)));
enum { LIMBS = 20, ROWS = 5, COLUMNS = 2 * LIMBS, LIMB_BITS = 52, RADIX_BITS = LIMBS * LIMB_BITS, PRIME_BITS = 1024, PREFIX = 10 };
#define LIMB_MASK ((1ULL << LIMB_BITS) - 1)

/* With rounding toward zero, 2^104 + one * other has the upper half of the product as its last 52 bits; what is missing,
   added to 2^52, has the lower half there. The bits above those are the exponents, which `without` takes off again. */
typedef struct {
    Integers low, high;
} Product;
#define LOW_EXPONENT 0x4330000000000000ULL
#define HIGH_EXPONENT 0x4670000000000000ULL

static inline Product product(Doubles one, Doubles other) {
    const Doubles high_start = {0x1p104, 0x1p104, 0x1p104, 0x1p104};
    const Doubles low_start = {0x1.0000000000001p104, 0x1.0000000000001p104, 0x1.0000000000001p104, 0x1.0000000000001p104};
    Doubles high = (Doubles)_mm256_fmadd_pd((__m256d)one, (__m256d)other, (__m256d)high_start);
    Doubles low = (Doubles)_mm256_fmadd_pd((__m256d)one, (__m256d)other, (__m256d)(low_start - high));
    return (Product){(Integers)low, (Integers)high};
}

static inline Integers without(Integers sum, unsigned lows, unsigned highs) {
    return sum - (lows * LOW_EXPONENT + highs * HIGH_EXPONENT);
}

static inline Doubles as_double(Integers limb) { return (Doubles)(limb | LOW_EXPONENT) - 0x1p52; }

/* columns += rows * number, for five limbs in `rows`. */
static inline void add_product(Integers *columns, const Doubles rows[ROWS], const Doubles *number, int count) {
    Integers sums[ROWS + 1]; /* of the columns k to k + 5 */
#pragma GCC unroll 6
    for (unsigned r = 0; r <= ROWS; r++) {
        sums[r] = without((Integers){0}, r < ROWS ? r + 1 : ROWS, r);
    }
#pragma GCC unroll 5
    for (int k = 0; k < count; k++) {
#pragma GCC unroll 5
        for (int r = 0; r < ROWS; r++) {
            Product found = product(rows[r], number[k]);
            sums[r] += found.low;
            sums[r + 1] += found.high;
        }
        columns[k] += sums[0];
#pragma GCC unroll 5
        for (int r = 0; r < ROWS; r++) {
            sums[r] = sums[r + 1];
        }
        sums[ROWS] = without((Integers){0}, ROWS, ROWS);
    }
#pragma GCC unroll 5
    for (unsigned r = 0; r < ROWS; r++) {
        columns[count + r] += without(sums[r], -(r + 1), -r); /* these were not filled */
    }
}

static inline void square(Integers columns[COLUMNS], const Doubles number[LIMBS]) {
    memset(columns, 0, COLUMNS * sizeof columns[0]);
    for (int i = 0; i < LIMBS; i += ROWS) {
        const Doubles *rows = number + i;
        /* Products of different limbs: of these five among themselves, then of these five with those above them. */
#pragma GCC unroll 5
        for (int k = 1; k < ROWS; k++) {
#pragma GCC unroll 5
            for (int r = 0; r < k; r++) {
                Product found = product(rows[r], rows[k]);
                columns[2 * i + k + r] += without(found.low, 1, 0);
                columns[2 * i + k + r + 1] += without(found.high, 0, 1);
            }
        }
        if (i + ROWS < LIMBS) {
            add_product(columns + 2 * i + ROWS, rows, rows + ROWS, LIMBS - ROWS - i);
        }
    }
    for (int k = 0; k < LIMBS; k++) {
        Product found = product(number[k], number[k]);
        columns[2 * k] = 2 * columns[2 * k] + without(found.low, 1, 0);
        columns[2 * k + 1] = 2 * columns[2 * k + 1] + without(found.high, 0, 1);
    }
}

/* What `reduce` has to know of the modulus: its limbs, -1 / modulus modulo 2^260, and the multiple of it that is -1 modulo
   2^260, of which `lifted` is the part above 2^260. With that multiple five limbs are taken off at once, and none waits for
   another; but it is 260 bits longer than the modulus, so the last five limbs are taken off with the modulus itself. */
typedef struct {
    Doubles limbs[LIMBS], inverse[ROWS], lifted[LIMBS];
} Modulus;

/* Give each of five columns what is above 52 bits in the one before, and return what is above the last. */
static inline Integers carried(Integers columns[ROWS]) {
    Integers carry = {0};
#pragma GCC unroll 5
    for (int r = 0; r < ROWS; r++) {
        Integers sum = columns[r] + carry;
        columns[r] = sum & LIMB_MASK;
        carry = sum >> LIMB_BITS;
    }
    return carry;
}

/* Montgomery: columns / 2^1040 modulo the modulus, for the lanes in `doubled` twice that; less than 2^1027. */
static inline void reduce(Doubles number[LIMBS], Integers columns[COLUMNS], const Modulus *modulus, Integers doubled) {
    Doubles rows[ROWS];
    for (int i = 0; i < LIMBS; i += ROWS) {
        Integers *c = columns + i;
        Integers carry = carried(c);
        c[ROWS] += carry;
#pragma GCC unroll 5
        for (int r = 0; r < ROWS; r++) {
            rows[r] = as_double(c[r]);
        }
        if (i + ROWS < LIMBS) {
            add_product(c + ROWS, rows, modulus->lifted, LIMBS);
        }
    }
    Integers *c = columns + LIMBS - ROWS, quotient[ROWS] = {0};
#pragma GCC unroll 5
    for (int k = 0; k < ROWS; k++) {
#pragma GCC unroll 5
        for (int r = 0; r + k < ROWS; r++) {
            Product found = product(rows[r], modulus->inverse[k]);
            quotient[k + r] += without(found.low, 1, 0);
            if (k + r + 1 < ROWS) {
                quotient[k + r + 1] += without(found.high, 0, 1);
            }
        }
    }
    carried(quotient);
#pragma GCC unroll 5
    for (int r = 0; r < ROWS; r++) {
        rows[r] = as_double(quotient[r]);
    }
    add_product(c, rows, modulus->limbs, LIMBS);
    Integers carry = carried(c);
    c += ROWS;
    for (int k = 0; k < LIMBS; k++) {
        Integers sum = c[k] + (c[k] & doubled) + carry + (carry & (k ? (Integers){0} : doubled));
        number[k] = as_double(sum & LIMB_MASK);
        carry = sum >> LIMB_BITS;
    }
}

static void spread(Doubles *limbs, const mpz_t number, int lane) {
    uint64_t words[LIMBS] = {0};
    mpz_export(words, NULL, -1, sizeof words[0], 0, 64 - LIMB_BITS, number);
    for (int k = 0; k < LIMBS; k++) {
        limbs[k][lane] = (double)words[k];
    }
}

static void set_up_lane(Modulus *modulus, Doubles number[LIMBS], const mpz_t candidate, int lane) {
    mpz_t scratch, power;
    Doubles inverse[LIMBS];
    mpz_inits(scratch, power, NULL);
    spread(modulus->limbs, candidate, lane);
    mpz_setbit(power, ROWS * LIMB_BITS);
    mpz_invert(scratch, candidate, power);
    mpz_sub(scratch, power, scratch);
    spread(inverse, scratch, lane);
    for (int k = 0; k < ROWS; k++) {
        modulus->inverse[k][lane] = inverse[k][lane];
    }
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

static int is_one(const Doubles number[LIMBS], const mpz_t candidate, int lane) {
    mpz_t residue;
    mpz_init(residue);
    for (int k = LIMBS - 1; k >= 0; k--) {
        mpz_mul_2exp(residue, residue, LIMB_BITS);
        mpz_add_ui(residue, residue, (unsigned long)number[k][lane]);
    }
    mpz_mod(residue, residue, candidate);
    int one = mpz_cmp_ui(residue, 1) == 0;
    mpz_clear(residue);
    return one;
}

void test_four(mpz_t candidates[LANES], int passes[LANES]) {
    static Modulus modulus;
    Doubles number[LIMBS];
    Integers columns[COLUMNS], doubled = {0};
    for (int lane = 0; lane < LANES; lane++) {
        set_up_lane(&modulus, number, candidates[lane], lane);
    }
    for (int bit = PRIME_BITS - PREFIX - 1; bit >= 0; bit--) {
        for (int lane = 0; lane < LANES; lane++) {
            doubled[lane] = bit && mpz_tstbit(candidates[lane], (mp_bitcnt_t)bit) ? ~0ULL : 0;
        }
        square(columns, number);
        reduce(number, columns, &modulus, doubled);
    }
    memset(columns, 0, sizeof columns);
    for (int k = 0; k < LIMBS; k++) {
        columns[k] = (Integers)(number[k] + 0x1p52) & LIMB_MASK;
    }
    reduce(number, columns, &modulus, (Integers){0}); /* out of Montgomery's form */
    for (int lane = 0; lane < LANES; lane++) {
        passes[lane] = is_one(number, candidates[lane], lane);
    }
}
