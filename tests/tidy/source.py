"""Checks of what C files of the core may contain."""

import re
from pathlib import PurePosixPath

from layout import IMPURE_FOLDERS
from tree import Finding, line_of

FUNCTION_LINES_MAX = 70

APP_TABLE = "core/app/README.md"
APP_SHARED = {"metrics/metrics.h"}  # what a node hands out to be counted, below its folder

# A library's headers, and the name under which a folder's luapex_folder line links it.
LIBRARIES = {
    r"sodium(\.h|/)": "PkgConfig::SODIUM",
    r"jansson\.h": "PkgConfig::JANSSON",
    r"(lua|lauxlib|lualib|luajit)\.h": "PkgConfig::LUAJIT",
    r"uv\.h": "PkgConfig::LIBUV",
    r"sqlite3\.h": "PkgConfig::SQLITE",
    r"protobuf-c/": "lx_proto",
    r"luv/": "${LUV_LIBRARY}",
}

IMPURE_CALLS = {
    "a clock": "time gettimeofday clock_gettime clock localtime localtime_r timespec_get",
    "entropy": "getrandom getentropy rand random srand srandom arc4random arc4random_buf"
    " randombytes_buf randombytes_random randombytes_uniform randombytes_buf_deterministic"
    " crypto_sign_keypair crypto_box_keypair crypto_kx_keypair",
    "files": "open openat creat close fopen freopen fdopen fclose fread fwrite fgets fputs fprintf"
    " read write pread pwrite stat fstat lstat access mkdir unlink rename remove rmdir opendir"
    " mkstemp json_load_file json_loadf json_dump_file json_dumpf luaL_loadfile luaL_loadfilex"
    " luaL_dofile",
    "sockets": "socket connect bind listen accept accept4 send recv sendto recvfrom sendmsg recvmsg"
    " select poll ppoll epoll_create1 epoll_ctl epoll_wait getaddrinfo gethostbyname",
    "the process": "getenv setenv system popen fork execve exit _exit signal sigaction sleep usleep"
    " nanosleep printf puts perror pthread_create",
}
UNSAFE_CALLS = {
    "no bound": "strcpy strcat stpcpy sprintf vsprintf gets alloca strdupa",
    "no error": "atoi atol atoll atof",
    "hidden state": "strtok asctime ctime gmtime",
}


def core_files(tree, *endings):
    return [name for name in tree.matching("core/") if name.endswith(endings)]


def folder_of(name):
    return name.split("/")[1]


def calls(tree, names, table):
    """The direct calls of functions in the table: file, line, function, and what stands over it."""
    functions = {function: what for what, group in table.items() for function in group.split()}
    pattern = re.compile(rf"(?<![\w.])(?<!->)({'|'.join(functions)})\s*\(")
    for name in names:
        code = tree.code(name)
        for call in pattern.finditer(code):
            yield name, line_of(code, call.start(1)), call[1], functions[call[1]]


def reachable(folders, folder):
    """The folder and all that it links, directly or through others."""
    found, open_names = set(), [folder]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            links = folders.get(name, [])
            open_names += [link.removeprefix("lx_") for link in links if link.startswith("lx_")]
    return found


def includes(tree, pattern):
    """The include lines of the core that the pattern fits: file, line, what is included."""
    for name in core_files(tree, ".c", ".h"):
        for number, line in tree.lines(name):
            include = re.match(r"\s*#\s*include\s+" + pattern, line)
            if include:
                yield name, number, include[1]


def layering(tree):
    """A folder of the core includes only folders that its line in core/CMakeLists.txt links."""
    folders = tree.core_folders()
    for name, line, header in includes(tree, r'"([^"]*)"'):
        folder, slash, _ = header.partition("/")
        if not slash:
            yield Finding(name, line, f'writes "{header}": include it as "FOLDER/{header}"')
        elif folder not in reachable(folders, folder_of(name)):
            text = f"uses {folder}/, which {folder_of(name)} does not link: "
            yield Finding(name, line, text + "ask through your own interface, or move the code")


def app_layers(tree):
    """A subfolder of core/app includes only those above it in the table of core/app/README.md."""
    table = tree.text(APP_TABLE) if APP_TABLE in tree.files else ""
    order = re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)
    for name, line, header in includes(tree, r'"app/(\w+/\w+\.h)"'):
        if name.count("/") < 3 or header in APP_SHARED:
            continue
        own, used = name.split("/")[2], header.split("/")[0]
        for folder in {own, used} - set(order):
            yield Finding(name, line, f"{APP_TABLE} has no row of {folder}/: add one in its place")
        if {own, used} <= set(order) and order.index(used) > order.index(own):
            text = f"uses app/{used}/, which stands below {own}/ in {APP_TABLE}: "
            yield Finding(name, line, text + "ask through your own interface, or move the code")


def libraries(tree):
    """A library's header is included only in folders that link the library themselves."""
    folders = tree.core_folders()
    for name, line, header in includes(tree, r"<([^>]*)>"):
        for pattern, library in LIBRARIES.items():
            if re.match(pattern, header) and library not in folders.get(folder_of(name), []):
                text = f"includes <{header}>, but {folder_of(name)} does not link {library}: "
                yield Finding(name, line, text + "keep the library behind the folder that does")


def pure_folders(tree):
    """No clock, entropy, file, socket or process call outside uv/, ops/ and app/."""
    pure = [name for name in core_files(tree, ".c", ".h") if folder_of(name) not in IMPURE_FOLDERS]
    for name, line, function, what in calls(tree, pure, IMPURE_CALLS):
        text = (
            f"calls {function}, which touches {what}: let the host do that and hand in the result"
        )
        yield Finding(name, line, text)


def unsafe_calls(tree):
    """No C library function without a bound, an error or with a state of its own."""
    for name, line, function, what in calls(tree, core_files(tree, ".c", ".h"), UNSAFE_CALLS):
        yield Finding(name, line, f"calls {function}, which has {what}: there is a better one")


def header_guards(tree):
    """core/FOLDER/NAME.h is guarded by FOLDER_NAME_H, in a subfolder of FOLDER too."""
    for name in core_files(tree, ".h"):
        path = f"{folder_of(name)}/{PurePosixPath(name).name}"
        wanted = re.sub(r"[^A-Z0-9]", "_", path.upper())
        guard = re.search(r"^#ifndef (\w+)\n#define (\w+)\n", tree.text(name), re.MULTILINE)
        if not guard or guard[1] != wanted or guard[2] != wanted:
            line = line_of(tree.text(name), guard.start()) if guard else 1
            yield Finding(name, line, f"wants the header guard {wanted}")


def headers_explain(tree):
    """A header begins with a comment on its purpose."""
    for name in core_files(tree, ".h"):
        if not tree.text(name).startswith("/*"):
            yield Finding(name, 1, "does not begin with a comment: say what it is for")


def pointer_typedefs(tree):
    """A pointer is written as one, never hidden behind a typedef."""
    for name in core_files(tree, ".c", ".h"):
        code = tree.code(name)
        for found in re.finditer(r"\btypedef\b[^;{(]*\*\s*\w+\s*;", code):
            text = "hides a pointer in a typedef: write struct NAME *"
            yield Finding(name, line_of(code, found.start()), text)


MUTABLE = re.compile(
    r"^(?:[ \t]*static\b|extern\b"
    r"|(?!typedef\b|return\b|goto\b|struct \w+;|union \w+;|enum \w+;)(?=\w+[ \t]+[\w*]))"
    r"(?P<type>[\w \t*]*?)\b(?P<variable>\w+)[ \t]*(?:\[[^\]\n]*\][ \t]*)*(?:=|;)",
    re.MULTILINE,
)


def no_globals(tree):
    """Outside app/ nothing outlives a call but constants: one process holds many nodes."""
    for name in core_files(tree, ".c", ".h"):
        if folder_of(name) == "app":
            continue
        code = tree.code(name)
        for found in MUTABLE.finditer(code):
            # What a pointer points to may be constant while the pointer is not.
            if "const" not in found["type"].split("*")[-1].split():
                text = f"{found['variable']} is shared by all nodes: make it const or a field"
                yield Finding(name, line_of(code, found.start("variable")), text)


def function_length(tree):
    """A function fits a screen."""
    for name in core_files(tree, ".c"):
        code = tree.code(name)
        for body in re.finditer(r"^\{\n.*?^\}", code, re.MULTILINE | re.DOTALL):
            lines = body[0].count("\n") + 1
            if lines > FUNCTION_LINES_MAX:
                text = f"is a function of {lines} lines, over {FUNCTION_LINES_MAX}: name its parts"
                yield Finding(name, line_of(code, body.start()), text)


CHECKS = [
    layering,
    app_layers,
    libraries,
    pure_folders,
    unsafe_calls,
    header_guards,
    headers_explain,
    pointer_typedefs,
    no_globals,
    function_length,
]
