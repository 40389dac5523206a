/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/util.h"

enum family family_from_af(int af)
{
	return af == AF_INET ? FAMILY_IP4 : af == AF_INET6 ? FAMILY_IP6 : FAMILY_NONE;
}

int family_to_af(enum family family)
{
	return family == FAMILY_IP4 ? AF_INET : family == FAMILY_IP6 ? AF_INET6 : AF_UNSPEC;
}

bool addr_is_zero(const struct addr *addr)
{
	static const struct addr zero;

	return addr_is_equal(addr, &zero);
}

bool addr_is_multicast(enum family family, const struct addr *addr)
{
	switch (family) {
	case FAMILY_IP4: return (addr->b[0] & 0xf0) == 0xe0;
	case FAMILY_IP6: return addr->b[0] == 0xff;
	case FAMILY_NONE: break;
	}
	return false;
}

bool addr_is_loopback(enum family family, const struct addr *addr)
{
	static const struct addr loopback6 = { { [15] = 1 } };

	switch (family) {
	case FAMILY_IP4: return addr->b[0] == 127;
	case FAMILY_IP6: return addr_is_equal(addr, &loopback6);
	case FAMILY_NONE: break;
	}
	return false;
}

bool addr_is_broadcast(enum family family, const struct addr *addr)
{
	static const struct addr broadcast4 = { { 255, 255, 255, 255 } };

	return family == FAMILY_IP4 && addr_is_equal(addr, &broadcast4);
}

bool addr_is_link_local(enum family family, const struct addr *addr)
{
	switch (family) {
	case FAMILY_IP4: return addr->b[0] == 169 && addr->b[1] == 254;
	case FAMILY_IP6: return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
	case FAMILY_NONE: break;
	}
	return false;
}

struct addr addr_prefix(const struct addr *addr, unsigned int len)
{
	struct addr prefix = { { 0 } };
	unsigned int bytes = MIN(len / 8, (unsigned int)sizeof(prefix.b));

	memcpy(prefix.b, addr->b, bytes);
	if (bytes < sizeof(prefix.b) && len % 8)
		prefix.b[bytes] = addr->b[bytes] & (uint8_t)(0xff << (8 - len % 8));
	return prefix;
}

bool mac_is_unicast(const struct mac *mac)
{
	static const struct mac zero;

	return !(mac->b[0] & 1) && !mac_is_equal(mac, &zero);
}

const char *addr_to_str(enum family family, const struct addr *addr, char buf[ADDR_STR_SIZE])
{
	int af = family_to_af(family);

	if (family == FAMILY_NONE || !inet_ntop(af, addr->b, buf, ADDR_STR_SIZE))
		snprintf(buf, ADDR_STR_SIZE, "-");
	return buf;
}

int addr_from_str(const char *text, enum family *ret_family, struct addr *ret_addr)
{
	struct addr addr = { { 0 } };

	if (inet_pton(AF_INET, text, addr.b) == 1)
		*ret_family = FAMILY_IP4;
	else if (inet_pton(AF_INET6, text, addr.b) == 1)
		*ret_family = FAMILY_IP6;
	else
		return -EINVAL;
	*ret_addr = addr;
	return 0;
}

const char *mac_to_str(const struct mac *mac, char buf[MAC_STR_SIZE])
{
	const uint8_t *b = mac->b;

	snprintf(buf, MAC_STR_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return buf;
}

/* Returns -1 if c is not a hexadecimal digit. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_from_str(const char *text, struct mac *ret_mac)
{
	struct mac mac;

	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		mac.b[i] = (uint8_t)(high << 4 | low);
	}
	*ret_mac = mac;
	return 0;
}
