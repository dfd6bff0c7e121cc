/* Addresses through base/codec.h. */
#ifndef ADDR_CODE_H
#define ADDR_CODE_H

#include "addr/addr.h"
#include "base/codec.h"

void code_peer_id(struct codec *codec, struct peer_id *id);
void code_ip(struct codec *codec, struct ip *ip); /* IPv4: 5 bytes, else 17 */
void code_cidr(struct codec *codec, struct cidr *cidr);
void code_endpoint(struct codec *codec, struct endpoint *at);
void code_addr(struct codec *codec, struct addr *addr);
void code_addr_text(struct codec *codec, struct addr_text *text);

#endif
