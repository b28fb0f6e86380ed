#include <gmp.h>

enum { LANES = 4 };

/* Before the first test. */
void prepare(void);

/* Whether 2^(candidate - 1) is 1 modulo the candidate. Candidates are odd and have 1024 bits. */
void test_four(mpz_t candidates[LANES], int passes[LANES]);
