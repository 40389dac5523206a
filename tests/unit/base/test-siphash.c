/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "base/ds/siphash.h"
#include "base/util.h"

/*
 * Element i: SipHash-1-3 of the i bytes 00 01 02 ... with the key 00 01 ... 0f, like the
 * vectors for SipHash-2-4 in the appendix of the specification. Computed with a separate
 * implementation, which gives the published 2-4 vectors and agrees with CPython's hash(),
 * which is SipHash-1-3.
 */
static const uint64_t vectors[64] = {
	0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
	0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
	0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
	0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956,
	0xcc4fdd1a7d908b66, 0x9cf2689063dbd80c, 0x8ffc389cb473e63e, 0xf21f9de58d297d1c,
	0xc0dc2f46a6cce040, 0xb992abfe2b45f844, 0x7ffe7b9ba320872e, 0x525a0e7fdae6c123,
	0xf464aeb267349c8c, 0x45cd5928705b0979, 0x3a3e35e3ca9913a5, 0xa91dc74e4ade3b35,
	0xfb0bed02ef6cd00d, 0x88d93cb44ab1e1f4, 0x540f11d643c5e663, 0x2370dd1f8c21d1bc,
	0x81157b6c16a7b60d, 0x4d54b9e57a8ff9bf, 0x759f12781f2a753e, 0xcea1a3bebf186b91,
	0x2cf508d3ada26206, 0xb6101c2da3c33057, 0xb3f47496ae3a36a1, 0x626b57547b108392,
	0xc1d2363299e41531, 0x667cc1923f1ad944, 0x65704ffec8138825, 0x24f280d1c28949a6,
	0xc2ca1cedfaf8876b, 0xc2164bfc9f042196, 0xa16e9c9368b1d623, 0x49fb169c8b5114fd,
	0x9f3143f8df074c46, 0xc6fdaf2412cc86b3, 0x7eaf49d10a52098f, 0x1cf313559d292f9a,
	0xc44a30dda2f41f12, 0x36fae98943a71ed0, 0x318fb34c73f0bce6, 0xa27abf3670a7e980,
	0xb4bcc0db243c6d75, 0x23f8d852fdb71513, 0x8f035f4da67d8a08, 0xd89cd0e5b7e8f148,
	0xf6f4e6bcf7a644ee, 0xaec59ad80f1837f2, 0xc3b2f6154b6694e0, 0x9d199062b7bbb3a8,
};

static const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };

static void gives_the_reference_values(void **state UNUSED)
{
	unsigned char message[64];

	for (size_t len = 0; len < array_size(vectors); len++) {
		message[len] = (unsigned char)len;
		assert_true(siphash13(message, len, key) == vectors[len]);
	}
}

static void needs_no_alignment(void **state UNUSED)
{
	unsigned char message[64 + 8];

	for (size_t offset = 0; offset < 8; offset++) {
		for (size_t i = 0; i < 63; i++)
			message[offset + i] = (unsigned char)i;
		assert_true(siphash13(message + offset, 63, key) == vectors[63]);
	}
}

/* Values that CPython prints for hash(b"a") and hash(b"hello world") with PYTHONHASHSEED=0. */
static void agrees_with_cpython(void **state UNUSED)
{
	static const uint64_t zero[2];

	assert_true(siphash13("a", 1, zero) == UINT64_C(0x407448d2b89b1813));
	assert_true(siphash13("hello world", 11, zero) == UINT64_C(0xb1b1f2e707e4ac8a));
}

static void random_keys_differ(void **state UNUSED)
{
	uint64_t a[2] = { 0 };
	uint64_t b[2] = { 0 };

	assert_int_equal(siphash_key_random(a), 0);
	assert_int_equal(siphash_key_random(b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_reference_values),
		cmocka_unit_test(needs_no_alignment),
		cmocka_unit_test(agrees_with_cpython),
		cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
