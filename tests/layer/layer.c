/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layer - tests/local.mk links this program once for each layer, with the whole
 * layer and nothing but the layers it may use. The link itself is the test: if the
 * program exists, the test has passed.
 */
#include <stdio.h>

int main(void)
{
	puts("1..1\nok 1 - " LAYER "/ needs nothing but the layers below it");
	return 0;
}
