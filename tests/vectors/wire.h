/* The vectors of wire.md Appendix A, made by the reference (v0.34.24). Hex, for hex.h. */
#ifndef VECTORS_WIRE_H
#define VECTORS_WIRE_H

#define A_EPHEMERAL_SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define B_EPHEMERAL_SECRET "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
#define A_EPHEMERAL_PUBLIC "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"
#define B_EPHEMERAL_PUBLIC "79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a"
#define A_EPHEMERAL_MESSAGE "220a20" A_EPHEMERAL_PUBLIC
#define A_SEND_KEY "78760c117dfc7ae7b2b7be481bc96d7d2dc75066db8a27fc0cc9b72d1b005400"
#define B_SEND_KEY "549e5f819bb5c40b34bb82bf2ca84be52fc2e9778ed7d71912f5fcc9f2b514f7"
#define CHALLENGE "a4dc89f0da43989ef3904e02f8ef697929644643584896a1a9892c6b73c81c2c"

#define A_SEED "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
#define A_PUBLIC "cd14b37f956e953194ff7fb73b3d81dcc561d61a7538094b7c3e1a643ee5f3aa"
#define A_ID_TEXT "519cae93e93ad011d785355894405ed8fa8162c6"
#define A_SIGNATURE                                                                                \
    "54b87038f05d4a34eeacef127c8a5a79c0e530d91e52414f9d4a6142f8ae5681"                             \
    "90511fe16198fa3c6fba56ddb2f0446b0d5b40e09a28ea6e2bb834bb63b1c90b"
#define B_SEED "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
#define B_PUBLIC "dde3bccec7f3a66a1115f45d720f4dc135c3ae7c4e22dca38fdb1efd6a495ff8"
#define B_ID_TEXT "b9bef121776426480c44779d5a3de6320d7aa639"
#define B_SIGNATURE                                                                                \
    "786e92919cced3799b8d1102b0e6a00a231b85146228751435d7309b67a53914"                             \
    "b0e5b0358dd0aa263c1e2ee97ae2898640d6d933606c967a66e78d32c8fc9c07"

#define A_NODE_KEY_JSON                                                                            \
    "{\"priv_key\":{\"type\":\"tendermint/PrivKeyEd25519\",\"value\":\""                           \
    "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp/"                                                  \
    "NFLN/lW6VMZT/f7c7PYHcxWHWGnU4CUt8PhpkPuXzqg==\"}}"

#define A_AUTH_MESSAGE "660a220a20" A_PUBLIC "1240" A_SIGNATURE
#define B_AUTH_MESSAGE "660a220a20" B_PUBLIC "1240" B_SIGNATURE
/* Frame 0 of either side holds its authentication message, frame 1 of A its node info. */
#define A_FRAME_0_HEAD "b5efb63cb6b17a8b3ce5372a3dfa11e3"
#define A_FRAME_0_TAG "8257c2adb7ab5af72f6417c8437b2527"
#define B_FRAME_0_HEAD "2dcdb4d84e6eae85b12d8bd1923715a5"
#define B_FRAME_0_TAG "d9dc5e4d4f0ce7f360f3c269747ee90a"
#define A_FRAME_1_HEAD "77be5732662de4134526e581acee65cc"
#define A_FRAME_1_TAG "e2abb1b0f3097cc0fb661815d3d314ba"

/* p2p 8, block 11, app 0, tcp://0.0.0.0:26656, test-chain, 0.34.24, channels 00, moniker m */
#define A_NODE_INFO                                                                                \
    "620a040808100b122835313963616539336539336164303131643738353335353839343430356564386661383136" \
    "3"                                                                                            \
    "263361a137463703a2f2f302e302e302e303a3236363536220a746573742d636861696e2a07302e33342e3234320" \
    "1"                                                                                            \
    "003a016d4200"

#define PING "020a00"
#define PONG "021200"
#define PACKET_OF_REQUEST "081a0610011a020a00"
#define PACKET_OF_EMPTY_MESSAGE "041a021001"
#define PACKET_ON_20 "0b1a09082010011a03010203"     /* eof, data 010203 */
#define PACKET_ON_00 "071a051a03010203"             /* no eof, data 010203 */
#define FULL_PACKET_HEAD "8a081a8708082010011a8008" /* channel 20, eof, then 1024 bytes of data */

#define PEX_REQUEST_MESSAGE "0a00"
#define PEX_EMPTY_LIST "1200"
/* A's ID, 1.2.3.4, 26656 */
#define PEX_LIST_OF_A                                                                              \
    "12390a370a2835313963616539336539336164303131643738353335353839343430356564386661383136326336" \
    "1207312e322e332e3418a0d001"
#define PACKET_OF_PEX_LIST "411a3f10011a3b" PEX_LIST_OF_A

#endif
