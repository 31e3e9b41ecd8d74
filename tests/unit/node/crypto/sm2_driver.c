/* Reads lines of 320 hex characters, key || e || signature; prints 1 or 0 for each, - for no key.
 * For builds with sanitizers, which do not load into Python. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int sm2_table_limbs(void);
int sm2_table(const uint8_t key[64], uint64_t *out);
int sm2_generator(uint64_t *out);
int sm2_verify(const uint64_t *generator, const uint64_t *key, const uint8_t *e, const uint8_t *rs);

int main(void) {
    size_t size = (size_t)sm2_table_limbs() * sizeof(uint64_t);
    uint64_t *generator = malloc(size), *key = malloc(size);
    uint8_t octets[160];
    sm2_generator(generator);
    for (;;) {
        for (int i = 0; i < 160; i++) {
            unsigned octet;
            if (scanf("%2x", &octet) != 1) {
                free(generator);
                free(key);
                return 0;
            }
            octets[i] = (uint8_t)octet;
        }
        if (!sm2_table(octets, key)) puts("-");
        else puts(sm2_verify(generator, key, octets + 64, octets + 96) ? "1" : "0");
    }
}
