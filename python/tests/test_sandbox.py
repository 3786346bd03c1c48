from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flowengine import Sandbox, SandboxCommandError, SandboxError, SandboxTimeoutError
from flowengine.sandbox.zypi import scripts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["zypi", "docker", "local"])
def make(request: pytest.FixtureRequest) -> Callable[..., Sandbox]:
    """Makes sandboxes of each kind."""
    match request.param:
        case "zypi":
            url = request.getfixturevalue("zypi_url")
            return lambda **options: Sandbox(zypi_url=url, **options)
        case "docker":
            image = request.getfixturevalue("docker").python
            return lambda **options: Sandbox(image, backend="docker", **options)
    request.getfixturevalue("bubblewrap")
    return lambda **options: Sandbox(backend="local", **options)


@pytest.fixture
def box(make: Callable[..., Sandbox]) -> Sandbox:
    return make()


@pytest.fixture
def session(box: Sandbox) -> Iterator[Sandbox]:
    with box as opened:
        yield opened


def sessions(url: str) -> int:
    with urllib.request.urlopen(f"{url}/sessions") as answer:
        return int(json.load(answer)["count"])


def test_a_command_answers_its_exit_code_and_output(box: Sandbox) -> None:
    exit_code, stdout, stderr = box.exec(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (exit_code, stdout, stderr) == (3, "out\n", "err\n")


def test_nothing_of_a_command_is_expanded(box: Sandbox) -> None:
    assert box.exec("echo 'a  b' $HOME \"${{ inputs.x }}\"").stdout == "a  b $HOME ${{ inputs.x }}\n"
    assert box.exec(["echo", "$(id)", "; ls", '{"type":"String","value":"x"}']).stdout.count("$(id) ; ls {") == 1


def test_files_variables_and_stdin_get_there_as_they_are(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"\xfe")
    files: dict[str, Any] = {
        "/tmp/a '$(id)'/text": "umlaut ü $(id) ${{ x }}\n",
        "/home/me/bytes": b"\x00\xff",
        "/tmp/copy": tmp_path / "here",
    }
    script = "cat; cat \"/tmp/a '\\$(id)'/text\" /home/me/bytes /tmp/copy | od -An -tx1 | tr -d ' \\n'; echo \"$X\""
    env = {"X": "it's $(id) ${{ secrets.A }}"}
    code, stdout, stderr = box.exec(["sh", "-c", script], files=files, env=env, input="typed ü\n")
    content = ("umlaut ü $(id) ${{ x }}\n".encode() + b"\x00\xff\xfe").hex()
    assert (code, stdout, stderr) == (0, f"typed ü\n{content}it's $(id) ${{{{ secrets.A }}}}\n", "")


def test_relative_files_are_in_the_working_folder(box: Sandbox) -> None:
    assert box.run("cat data/x", files={"data/x": "there"}, cwd="/tmp", text=True).stdout == "there"


def test_a_command_ends_when_its_time_is_up(session: Sandbox) -> None:
    with pytest.raises(SandboxTimeoutError) as caught:
        session.exec("sh -c 'echo begun; sleep 4711'", timeout=1)
    assert isinstance(caught.value, subprocess.TimeoutExpired)
    assert (caught.value.code, caught.value.timeout) == ("timeout", 1)
    assert session.run("ps -ef 2>/dev/null | grep -c '[s]leep 4711'", shell=True, text=True).stdout.strip() in {"0", ""}


def test_a_command_without_a_session_ends_when_its_time_is_up(box: Sandbox) -> None:
    with pytest.raises(SandboxTimeoutError, match="did not end within 1 s"):
        box.exec("sh -c 'echo begun; sleep 4712'", timeout=1)
    listed = subprocess.run(["ps", "-ef"], capture_output=True, text=True, check=True).stdout
    assert "sleep 4712" not in listed.replace("sh -c echo begun; sleep 4712", "")


def test_a_program_that_is_not_there_is_a_clear_error(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match="nosuch") as caught:
        box.exec("nosuch --option")
    assert caught.value.code == "program_not_found"


def test_run_does_what_subprocess_does(box: Sandbox) -> None:
    done = box.run(["sh", "-c", "cat; echo err >&2"], input=b"in\r\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"in\r\n", b"err\n")
    assert box.run("cat", input="in\r\n", text=True).stdout == "in\n"
    assert box.run("echo $((6 * 7)) | cat", shell=True, encoding="utf-8").stdout == "42\n"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        box.run("echo out; echo why >&2; exit 4", shell=True, check=True, text=True)
    assert isinstance(caught.value, SandboxCommandError)
    assert (caught.value.returncode, caught.value.stdout, caught.value.stderr) == (4, "out\n", "why\n")
    assert str(caught.value).endswith("exited with code 4: why")


def test_run_shows_output_that_is_not_captured(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert box.run("echo shown", capture_output=False).stdout is None
    assert capsys.readouterr().out == "shown\n"


def test_check_output_is_text_or_an_error(box: Sandbox) -> None:
    assert box.check_output("echo hi") == "hi\n"
    with pytest.raises(SandboxError, match="exited with code 1"):
        box.check_output("false")


def test_files_stay_in_a_session_and_only_there(box: Sandbox) -> None:
    with box:
        box.exec("sh -c 'mkdir /tmp/d; echo kept >/tmp/d/f; chmod 0 /tmp/d'")
        assert box.check_output("sh -c 'chmod 700 /tmp/d; cat /tmp/d/f'") == "kept\n"
        box.exec("chmod 0 /tmp/d")
    assert box.exec("ls /tmp/d").exit_code != 0
    assert list(Path(tempfile.gettempdir()).glob("flowengine-sandbox-*")) == []


def test_output_of_any_size_comes_whole_up_to_the_limit(session: Sandbox) -> None:
    data = session.check_output(["head", "-c", "50000", "/dev/urandom"], text=False)
    assert len(data) == 50_000
    assert session.check_output("seq 200000") == "".join(f"{n}\n" for n in range(1, 200_001))


def test_output_beyond_the_limit_is_left_out_in_the_middle(make: Callable[..., Sandbox]) -> None:
    with make(max_output_bytes=1024) as box:
        said = box.exec("seq 100000").stdout
    assert said.startswith("1\n2\n3\n")
    assert said.endswith("99999\n100000\n")
    assert len(said) < 1200
    assert re.search(r"\[\.\.\. \d+ bytes truncated \.\.\.\]", said)


def test_threads_may_share_a_sandbox(session: Sandbox) -> None:
    found: dict[int, str] = {}

    def work(number: int) -> None:
        found[number] = session.exec(["echo", str(number)]).stdout

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"{number}\n" for number in range(4)}


def test_threads_that_open_a_sandbox_at_once_share_a_session(zypi_url: str) -> None:
    before = sessions(zypi_url)
    box = Sandbox(zypi_url=zypi_url)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: box.open(), range(8)))
    assert sessions(zypi_url) == before + 1
    box.close()
    assert sessions(zypi_url) == before


def test_the_health_is_known(box: Sandbox) -> None:
    assert box.health_check() is True


def test_an_absent_server_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Sandbox(zypi_url="http://127.0.0.1:1")
    assert absent.health_check() is False
    with pytest.raises(SandboxError, match=r'Cannot reach Zypi at "127\.0\.0\.1:1": Connection refused'):
        absent.exec("true")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    assert Sandbox(backend="docker").health_check() is False
    with pytest.raises(SandboxError, match=r"/no/such\.sock"):
        Sandbox(backend="docker").exec("true")


def test_the_words_of_the_server_are_in_the_error(zypi_url: str) -> None:
    with pytest.raises(SandboxError, match='Zypi has no image "nope"') as caught:
        Sandbox("nope", zypi_url=zypi_url).exec("true")
    assert (caught.value.server_message, caught.value.status) == ('{:image_not_found, "nope"}', 500)
    with pytest.raises(SandboxError, match=r"chdir /nope: no such file") as caught:
        Sandbox(zypi_url=zypi_url).exec("true", workdir="/nope")
    assert caught.value.server_message == '{:rpc_error, -32000, "chdir /nope: no such file or directory"}'
    with pytest.raises(SandboxError, match="answer line of 1,460 bytes") as caught:
        Sandbox(zypi_url=zypi_url).exec("seq 2000")
    assert "json_decode" in str(caught.value.server_message)
    assert "with Sandbox" in str(caught.value.hint)


def test_bytes_that_a_microvm_cannot_pass_on_are_refused_and_not_changed(zypi_url: str) -> None:
    octal = ["printf", r"\377\000"]
    box = Sandbox(zypi_url=zypi_url)
    with pytest.raises(SandboxError, match="only text") as caught:
        box.run(octal)
    assert caught.value.code == "invalid_output"
    assert box.run(octal, text=True).stdout == "\ufffd\0"
    with box:
        assert box.run(octal).stdout == b"\xff\0"


def test_a_session_is_closed_whatever_happens(zypi_url: str) -> None:
    with contextlib.suppress(KeyError), Sandbox(zypi_url=zypi_url):
        assert sessions(zypi_url) == 1
        raise KeyError
    assert sessions(zypi_url) == 0
    forgotten = Sandbox(zypi_url=zypi_url).open()
    assert sessions(zypi_url) == 1
    del forgotten
    gc.collect()
    assert sessions(zypi_url) == 0


def test_a_session_that_the_server_has_forgotten_is_a_clear_error(zypi_url: str) -> None:
    with Sandbox(zypi_url=zypi_url) as box, Sandbox(zypi_url=zypi_url):
        pass
    with Sandbox(zypi_url=zypi_url) as box:
        Sandbox(zypi_url=zypi_url).open().close()
        with pytest.raises(SandboxError, match="is gone") as caught:
            box.exec("true")
        assert caught.value.code == "not_found"


def test_commands_of_a_session_are_quick(zypi_url: str) -> None:
    with Sandbox(zypi_url=zypi_url) as box:
        numbers = [box.check_output(["echo", str(number)]) for number in range(20)]
    assert numbers == [f"{number}\n" for number in range(20)]


@pytest.mark.parametrize(
    ("cmd", "options", "said"),
    [
        ("", {}, "there is no command"),
        ("echo 'open", {}, "cannot be split"),
        (["echo", "a\0b"], {}, "cannot be part of a command"),
        (b"echo", {}, "is no command"),
        ("true", {"files": {"../x": ""}}, "is not the path of a file"),
        ("true", {"files": {"/tmp/": ""}}, "is not the path of a file"),
        ("true", {"files": {"/tmp/x": 1}}, "cannot be the content"),
        ("true", {"files": {"/tmp/x": Path("/no/such")}}, "cannot read"),
        ("true", {"env": {"A=B": ""}}, "cannot be a variable"),
        ("true", {"env": {"A": 1}}, "cannot be a variable"),
        ("true", {"workdir": "here"}, "is no folder"),
        ("true", {"timeout": 0}, "is no time limit"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_asked(cmd: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SandboxError, match=said):
        Sandbox(zypi_url="http://127.0.0.1:1").exec(cmd, **options)


def test_what_is_no_sandbox_is_refused() -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"backend": "podman"}, "no backend"),
        ({"backend": "local", "image": "x"}, "means nothing"),
        ({"zypi_url": "localhost:4000"}, "not the address"),
        ({"zypi_url": "http://host:port"}, "not the address"),
        ({"timeout": -1}, "no time limit"),
        ({"max_output_bytes": 0}, "no size"),
    ]
    for options, said in refused:
        with pytest.raises(SandboxError, match=said):
            Sandbox(**options)


def test_scripts_of_sessions_are_those_of_the_engine() -> None:
    source = (ROOT / "nodes" / "zypi" / "session_scripts.ts").read_text()
    found = dict(re.findall(r"const (\w+) = `\n(.*?)`\.trim\(\);", source, re.DOTALL))
    assert len(found) == 6
    for name, text in found.items():
        script = text.replace("${REPORT}", scripts.REPORT).replace("\\\\", "\\").strip()
        assert getattr(scripts, name).replace("\\n", "\n") == script.replace("\\n", "\n"), name


def test_other_users_cannot_get_into_the_folder_of_a_session(make: Callable[..., Sandbox]) -> None:
    with make():
        for parent in Path(tempfile.gettempdir()).glob("flowengine-sandbox-*"):
            modes = [oct(os.stat(folder).st_mode & 0o777) for folder in (parent, parent / "tmp")]
            assert modes in (["0o700", "0o777"], ["0o711", "0o700"], ["0o700", "0o755"])
