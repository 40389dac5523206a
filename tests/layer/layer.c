/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layer - the program that each layer is linked into, whole, with nothing but
 * the layers it may use. Linking is the test; running it only says so.
 */
#include <stdio.h>

int main(void)
{
	puts("1..1\nok 1 - " LAYER "/ needs nothing but the layers below it");
	return 0;
}
