/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl - the control protocol between nft-offloadd and its clients.
 *
 * A Unix stream socket carries varlink: JSON objects, each followed by one NUL byte. A
 * request is {"method", "parameters", "more"}. An answer is {"parameters"};
 * {"parameters", "continues": true} if more answers to the same request follow; or
 * {"error", "parameters"}. The requests of a client are answered in order. The interface
 * is described in src/daemon/control/org.nftoffload.varlink, which the daemon itself
 * returns (org.varlink.service.GetInterfaceDescription).
 *
 * Later versions only add members to what is sent: a client ignores members that it does
 * not know. CTL_VERSION changes if a change cannot be made that way.
 */
#pragma once

#define CTL_VERSION 1

#define CTL_SOCKET_PATH "/run/nft-offload/ctl"

/* Limits. A request that is larger or nested deeper ends the connection. */
#define CTL_REQUEST_MAX_BYTES (64u * 1024)
#define CTL_REQUEST_MAX_DEPTH 16u
/* Largest single answer that the daemon sends, including a row of a list. */
#define CTL_REPLY_MAX_BYTES (256u * 1024)
#define CTL_CLIENTS_MAX 64u

#define CTL_INTERFACE "org.nftoffload"

/* {} -> the state of the daemon */
#define CTL_METHOD_STATUS CTL_INTERFACE ".Status"
/*
 * {state, proto, reason, device} (all optional) -> {flow}, one answer per connection;
 * needs "more"
 */
#define CTL_METHOD_FLOWS CTL_INTERFACE ".Flows"
/* {} -> {device}, one answer per device that may have rules; needs "more" */
#define CTL_METHOD_DEVICES CTL_INTERFACE ".Devices"
/* {} -> {finding}, one answer per finding, problems first; needs "more" */
#define CTL_METHOD_DOCTOR CTL_INTERFACE ".Doctor"
/* {proto, src, sport, dst, dport, zone} -> how the daemon decides about this connection */
#define CTL_METHOD_WHY CTL_INTERFACE ".Why"
/* the same members, or {all: true} -> {flushed: count}; changes state */
#define CTL_METHOD_FLUSH CTL_INTERFACE ".Flush"

#define CTL_METHOD_INFO "org.varlink.service.GetInfo"
#define CTL_METHOD_DESCRIPTION "org.varlink.service.GetInterfaceDescription"

/* Our own errors. The parameters are {text}, one sentence for people. */
#define CTL_ERROR_PERMISSION CTL_INTERFACE ".PermissionDenied"
#define CTL_ERROR_BUSY CTL_INTERFACE ".Busy"
#define CTL_ERROR_BAD_REQUEST CTL_INTERFACE ".BadRequest"
#define CTL_ERROR_NOT_FOUND CTL_INTERFACE ".NotFound"
#define CTL_ERROR_FAILED CTL_INTERFACE ".Failed"

/* Errors that varlink defines, with their parameters and an added text. */
#define CTL_ERROR_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"	/* {interface} */
#define CTL_ERROR_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"		/* {method} */
#define CTL_ERROR_INVALID_PARAMETER "org.varlink.service.InvalidParameter"	/* {parameter} */
#define CTL_ERROR_EXPECTED_MORE "org.varlink.service.ExpectedMore"		/* {} */
