/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/conn.h"

#include "base/util.h"

const char *conn_tcp_state_to_str(uint8_t state)
{
	static const char *const names[CONN_TCP__COUNT] = {
		[CONN_TCP_NONE] = "NONE",         [CONN_TCP_SYN_SENT] = "SYN_SENT",
		[CONN_TCP_SYN_RECV] = "SYN_RECV", [CONN_TCP_ESTABLISHED] = "ESTABLISHED",
		[CONN_TCP_FIN_WAIT] = "FIN_WAIT", [CONN_TCP_CLOSE_WAIT] = "CLOSE_WAIT",
		[CONN_TCP_LAST_ACK] = "LAST_ACK", [CONN_TCP_TIME_WAIT] = "TIME_WAIT",
		[CONN_TCP_CLOSE] = "CLOSE",       [CONN_TCP_SYN_SENT2] = "SYN_SENT2",
	};

	return state < array_size(names) ? names[state] : "?";
}
