/* PEX messages: the counts of a list add up, and what was kept encodes again to the same list.
 * Input: a message of channel 0x00. */
#include "wire/pex_message.h"

#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_list(const struct pex_message *list)
{
    require(list->addrs_n <= PEX_SELECTION_MAX);
    require(list->addrs_n + list->bad_ids_n <= list->listed_n);
    require(!list->bad_address || list->addrs_n == 0);
    require(list->bad_address || list->addrs_n == PEX_SELECTION_MAX ||
        list->addrs_n + list->bad_ids_n == list->listed_n);
    for (size_t i = 0; i < list->addrs_n; i++)
        require(!peer_id_is_none(&list->addrs[i].id));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct pex_scratch scratch, scratch_again;
    static uint8_t out[PEX_MESSAGE_MAX];
    struct pex_message message, again;
    size_t size;
    if (n > PEX_MESSAGE_MAX || pex_message_decode(span_of(bytes, n), &scratch, &message))
        return 0;
    if (message.kind == PEX_ADDRS)
        check_list(&message);
    require(pex_message_encode(&message, out, sizeof out, &size) == ERR_OK);
    require(pex_message_decode(span_of(out, size), &scratch_again, &again) == ERR_OK);
    require(again.kind == message.kind && again.addrs_n == message.addrs_n);
    require(again.listed_n == message.addrs_n && again.bad_ids_n == 0 && !again.bad_address);
    for (size_t i = 0; i < message.addrs_n; i++)
        require(addr_equal(&message.addrs[i], &again.addrs[i]));
    return 0;
}
