/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siphash - SipHash as in the paper of Aumasson and Bernstein, with one round per word
 * and three at the end. That is enough against chosen keys in a hash table, and twice as
 * fast as the original 2-4.
 */
#include "base/ds/siphash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void mix(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v2 = rotate_left(s->v2, 32);
}

static inline void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s);
	s->v0 ^= word;
}

/* Loads up to 8 bytes as a little-endian word. */
static inline uint64_t load_word(const unsigned char *data, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, data, len);
	return le64toh(word);
}

uint64_t siphash13(const void *data, size_t len, const uint64_t key[2])
{
	const unsigned char *pos = data;
	struct state s = {
		.v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = key[1] ^ UINT64_C(0x7465646279746573),
	};
	uint64_t last = (uint64_t)len << 56;

	for (size_t words = len / 8; words > 0; words--, pos += 8)
		absorb(&s, load_word(pos, 8));
	if (len % 8 != 0)
		last |= load_word(pos, len % 8);
	absorb(&s, last);

	s.v2 ^= 0xff;
	mix(&s);
	mix(&s);
	mix(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

int siphash_key_random(uint64_t key[2])
{
	uint64_t fresh[2];

	/*
	 * Up to 256 bytes arrive in one piece once the kernel's pool is ready; until then
	 * this blocks.
	 */
	for (;;) {
		ssize_t n = getrandom(fresh, sizeof(fresh), 0);

		if (n == (ssize_t)sizeof(fresh))
			break;
		if (n >= 0)
			return -EIO;
		if (errno != EINTR)
			return -errno;
	}
	memcpy(key, fresh, sizeof(fresh));
	return 0;
}
