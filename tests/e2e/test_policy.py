"""`luapex policy`: what authors of policies run, and what it tells them."""

import json
import re
import shutil
from pathlib import Path

import pytest
from nodes import run

POLICIES = Path(__file__).parents[2] / "policies"
HOOKS = """bias select backoff ban dial_count promote ask seeds reconnect rotate crawl share admit
    answer accept evict reinstate""".split()


def policy(*arguments, cwd=None):
    return run("policy", *arguments, cwd=cwd)


def succeed(*arguments, cwd=None):
    done = policy(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def misuse(*arguments):
    done = policy(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def fail_check(path):
    """The one line about a policy that does not pass; the JSON says the same."""
    done = policy("check", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1, done.stderr
    report = policy("check", "--json", path)
    assert (report.returncode, report.stderr) == (1, "")
    found = json.loads(report.stdout)
    assert found["passed"] is False
    assert found["error"]["message"] in done.stderr
    return done.stderr.strip(), found["error"]


def test_check_takes_any_number_of_files(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(40):
        shutil.copy(POLICIES / "default.lua", folder / f"p{n}.lua")
        (folder / f"p{n}.lua").chmod(0o644)
    files = sorted(folder.iterdir())
    found = succeed("check", *files[:20], "--json", *files[20:]).splitlines()
    assert [json.loads(line)["policy"] for line in found] == [str(file) for file in files]


@pytest.fixture(name="save")
def made_save(tmp_path):
    """Saves a policy whose body is given; its first line is line 2 of the file."""

    def save(body, name="mine.lua"):
        path = tmp_path / name
        path.write_text(
            f'local policy = pex.policy {{ name = "mine", version = 1 }}\n{body}\nreturn policy\n'
        )
        path.chmod(0o644)
        return path

    return save


# ---- the group ----


def test_the_group_lists_its_commands():
    text = succeed("--help")
    for command in ("new", "check", "doc", "show"):
        assert f"\n  policy {command} " in text


def test_a_missing_or_mistyped_command_is_told():
    assert "which command?" in misuse()
    assert "did you mean policy check?" in misuse("chek")


@pytest.mark.parametrize("command", ["new", "check", "doc", "show"])
def test_every_command_has_a_help_page(command):
    text = succeed(command, "--help")
    assert text.startswith(f"luapex policy {command}: ")
    assert f"Usage: luapex policy {command} " in text
    assert max(map(len, text.splitlines())) <= 98


# ---- new ----


def test_a_new_policy_passes_its_check(tmp_path):
    text = succeed("new", "patient", cwd=tmp_path)
    assert "made  patient.lua\n" in text
    assert succeed("check", "patient.lua", cwd=tmp_path) == "patient.lua: 1 example passed\n"
    assert 'name = "patient"' in (tmp_path / "patient.lua").read_text()


def test_new_goes_to_the_folder_that_is_given(tmp_path):
    path = tmp_path / "mine.lua"
    assert f"next: luapex policy check {path}\n" in succeed("new", "mine", "--dir", tmp_path)
    assert path.stat().st_mode & 0o022 == 0


def test_new_overwrites_nothing(tmp_path):
    path = tmp_path / "mine.lua"
    path.write_text("-- precious\n")
    done = policy("new", "mine", "--dir", tmp_path)
    assert done.returncode == 1
    assert f"{path}: exists" in done.stderr
    assert path.read_text() == "-- precious\n"


def test_new_needs_a_folder_that_exists(tmp_path):
    done = policy("new", "mine", "--dir", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "cannot be made" in done.stderr


@pytest.mark.parametrize("name", ["", "Mine", "a/b", "a.lua", "x" * 64])
def test_new_takes_only_names_that_require_finds(name, tmp_path):
    assert "is not a name of" in misuse("new", name, "--dir", tmp_path)
    assert not list(tmp_path.iterdir())


def test_new_takes_no_name_of_a_built_in_policy():
    assert "luapex policy show diverse" in misuse("new", "diverse")


# ---- check ----


@pytest.mark.parametrize("name", ["default", "diverse"])
def test_check_passes_what_ships(name, tmp_path):
    for file in POLICIES.glob("*.lua"):
        shutil.copyfile(file, tmp_path / file.name)
        (tmp_path / file.name).chmod(0o644)
    path = tmp_path / f"{name}.lua"
    assert re.fullmatch(rf"{path}: \d+ examples passed\n", succeed("check", path))
    found = json.loads(succeed("check", "--json", path))
    assert found["passed"] is True
    assert found["examples"] > 3


def test_check_passes_the_first_policy_of_the_readme(tmp_path):
    text = (POLICIES / "README.md").read_text()
    path = tmp_path / "patient.lua"
    path.write_text(re.search(r"```lua\n(.*?)```", text, re.DOTALL)[1])
    path.chmod(0o644)
    assert succeed("check", path) == f"{path}: 3 examples passed\n"


def test_check_warns_of_hooks_that_no_example_asks(save):
    path = save(
        "function policy.backoff() return { wait_s = 60 } end\n"
        "function policy.select() return {} end\n"
        "function policy.ban() return false end\n"
        'policy.examples = { { hook = "backoff", given = {}, expect = { wait_s = 60 } } }\n'
    )
    done = policy("check", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: 1 example passed\n")
    warning = f"{path}: warning: tried with default values alone, as no example asks: "
    assert done.stderr == warning + "select, ban\n"
    report = policy("check", "--json", path)
    assert (report.returncode, report.stderr) == (0, "")
    assert json.loads(report.stdout)["without_example"] == ["select", "ban"]


def test_check_warns_of_locals_that_the_policy_changes(save):
    path = save(
        "local count = 0\n"
        "function policy.ban() count = count + 1 return false end\n"
        'policy.examples = { { hook = "ban", given = {}, expect = false } }\n'
    )
    done = policy("check", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: 1 example passed\n")
    assert done.stderr == (
        f"{path}: warning: local 'count' changes; that is lost after a load and differs in a "
        "replay, keep it in policy.state\n"
    )
    assert json.loads(policy("check", "--json", path).stdout)["changed_locals"] == ["count"]


def test_check_without_examples_says_so(save):
    path = save("")
    assert succeed("check", path).startswith(f"{path}: loads, but has no examples; ")


def test_check_tries_hooks_that_no_example_asks(save):
    path = save("function policy.admit(view)\n  return view.ip:match('^10')\nend\n")
    text, error = fail_check(path)
    assert "mine.lua:3: admit: with default values, as no example asks it: " in text
    assert (error["hook"], error["line"]) == ("admit", 3)


def test_check_takes_several_files_and_fails_when_one_fails(save, tmp_path):
    succeed("new", "good", "--dir", tmp_path)
    bad = save("policy.examples = 1", "bad.lua")
    done = policy("check", tmp_path / "good.lua", bad)
    assert done.returncode == 1
    assert "good.lua: 1 example passed" in done.stdout
    assert "bad.lua:2: " in done.stderr


def test_check_names_the_line_of_a_syntax_error(save):
    path = save("function policy.bias(view)\n  return {\nend")
    text, error = fail_check(path)
    assert text.startswith(f"{path}:4: ")
    assert (error["file"], error["line"]) == ("mine.lua", 4)


def test_check_names_an_unknown_hook(save):
    path = save("function policy.bais(view) end")
    text, _ = fail_check(path)
    assert text.startswith(f"{path}:2: ")
    assert "no hook 'bais'" in text


def test_check_names_an_unknown_field(save):
    path = save(
        "function policy.bias(view)\n  return { new_percnt = 3 }\nend\n"
        'policy.examples = { { hook = "bias", given = {}, expect = {} } }'
    )
    text, error = fail_check(path)
    assert "'new_percnt'" in text
    assert error["hook"] == "bias"


def test_check_says_what_was_expected_and_what_came(save):
    path = save(
        "function policy.bias(view)\n  return { new_percent = 3 }\nend\n"
        'policy.examples = { { hook = "bias", given = {}, expect = { new_percent = 4 } } }'
    )
    text, error = fail_check(path)
    assert text == f"{path}:5: bias: example 1: new_percent: expected 4, got 3"
    assert error["hook"] == "bias"


def test_check_runs_examples_again_in_the_used_vm(save):
    path = save(
        "policy.state = { n = 0 }\nfunction policy.bias(view)\n"
        "  policy.state.n = policy.state.n + 1\n  return { draw = policy.state.n }\nend\n"
        'policy.examples = { { hook = "bias", given = {}, expect = { draw = 1 } } }'
    )
    assert fail_check(path)[0].endswith("draw: expected 1, got 2, when run again")


def test_check_names_the_file_beside_that_fails(save, tmp_path):
    (tmp_path / "part.lua").write_text("local part = {}\nerror('broken')\nreturn part\n")
    path = save('policy.use(require "part")')
    text, error = fail_check(path)
    assert text.startswith(f"{tmp_path}/part.lua:2: ")
    assert (error["file"], error["line"]) == ("part.lua", 2)


def test_check_ends_an_endless_loop(save):
    _, error = fail_check(save("while true do end"))
    assert error["outcome"] in ("instructions", "fuse")


def test_check_refuses_what_others_may_write(save):
    path = save("")
    path.chmod(0o666)
    assert "chmod go-w" in fail_check(path)[0]


def test_check_of_no_file(tmp_path):
    assert "Give FILE" in misuse("check")
    assert "nothing.lua: cannot be read" in fail_check(tmp_path / "nothing.lua")[0]


def test_check_prints_no_control_bytes_of_a_script(save):
    path = save("error('\\255\\27[2J')")
    assert fail_check(path)[0] == f"{path}:2: ??[2J"


# ---- doc ----


def test_doc_of_the_hook_that_is_only_told_says_so():
    assert "Nothing is answered." in succeed("doc", "observe")
    assert "No verdict: the hook is told, not asked" in succeed("doc", "observe")


def test_doc_lists_every_hook():
    text = succeed("doc")
    for hook in HOOKS:
        assert re.search(rf"^  {hook} +[A-Z]", text, re.MULTILINE)


@pytest.mark.parametrize("hook", HOOKS)
def test_doc_of_a_hook_has_view_and_verdict(hook):
    text = succeed("doc", hook)
    assert text.startswith(f"{hook}: ")
    assert "\nview\n" in text
    assert "\nverdict, " in text
    assert max(map(len, text.splitlines())) <= 98


def test_doc_says_units_ranges_and_defaults():
    text = succeed("doc", "bias")
    assert re.search(r"new_percent  number .*0 to 100 percent; default 30", text)


def test_markdown_is_what_its_page_holds():
    assert succeed("doc", "--markdown") in (POLICIES / "HOOKS.md").read_text()
    assert succeed("doc", "ban", "--markdown").startswith("### ban\n")


def test_doc_of_an_unknown_hook():
    assert "did you mean select?" in misuse("doc", "selct")
    assert "luapex policy doc lists them" in misuse("doc", "frobnicate")


# ---- show ----


def test_show_lists_policies_with_what_they_are_for():
    text = succeed("show")
    assert re.search(r"^  diverse +Spreads outbound connections", text, re.MULTILINE)
    assert text.index("diverse") < text.index("Parts of default") < text.index("backoff")


def test_show_prints_a_source_that_can_be_copied(tmp_path):
    text = succeed("show", "diverse")
    assert text == (POLICIES / "diverse.lua").read_text()
    copy = tmp_path / "mine.lua"
    copy.write_text(text)
    copy.chmod(0o644)
    succeed("check", copy)


def test_show_of_an_unknown_policy():
    assert "did you mean diverse?" in misuse("show", "divers")
    assert "luapex policy show lists them" in misuse("show", "frobnicate")
