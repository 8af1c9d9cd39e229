"""Which files may enter a prompt: no secrets, nothing ignored, nothing outside the workspace."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infill_ls.privacy import Privacy

GIT = shutil.which("git")

needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
needs_odd_names = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    folder = tmp_path / "ws"
    folder.mkdir()
    return folder


def write(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    return file


def unreadable(file: Path) -> None:
    """Put a file there that gives an error to all who read it, also to root."""
    if os.name == "nt":
        pytest.skip("rights are another thing on Windows")
    if os.geteuid() != 0:
        write(file, "*.py\n").chmod(0)
    elif Path("/proc/self/mem").exists():
        file.symlink_to("/proc/self/mem")
    else:
        pytest.skip("root reads everything here")


def kept(ws: Path, *names: str, use_gitignore: bool = True) -> list[str]:
    """Return which of these names below the workspace's folder may not leave."""
    privacy = Privacy([ws], use_gitignore=use_gitignore)
    return [name for name in names if privacy.reason(ws / name)]


# Secrets


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.local",
        ".env.production",
        ".env.example.local",
        ".envrc",
        "deep/down/.env",
        ".env/settings",
        "server.pem",
        "certificates/server.pem",
        "tls.key",
        "me.p12",
        "me.pfx",
        "app.jks",
        "debug.keystore",
        "passwords.kdbx",
        "putty.ppk",
        "private.asc",
        "backup.tar.gpg",
        "id_rsa",
        "id_rsa.pub",
        "id_rsa_work",
        "id_dsa",
        "id_ecdsa",
        "id_ecdsa_sk",
        "id_ed25519",
        ".netrc",
        "_netrc",
        ".npmrc",
        "packages/web/.npmrc",
        ".pypirc",
        ".pgpass",
        ".my.cnf",
        ".htpasswd",
        ".git-credentials",
        "credentials",
        "credentials.toml",
        "credentials.json",
        "google-credentials.json",
        "credentials-prod.json",
        "credentials/credentials.toml",
        "secrets.yaml",
        "config/secrets.py",
        "db.secret",
        "all.secrets",
        "service-account.json",
        "service-account-prod.json",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "prod.tfvars",
        ".docker/config.json",
        ".kube/config",
        ".aws/config",
        ".aws/sso/cache/token",
        ".ssh/known_hosts",
        ".gnupg/trustdb",
        ".azure/profile",
        ".gcloud/properties",
        "secrets/readme.md",
        "k8s/secrets/db.yaml",
        ".secrets/one",
        "secrets/.env.example",
        ".ENV",
        "Server.PEM",
        "ID_RSA",
        ".AWS/Config",
        "Secrets/one.txt",
        "line\nbreak/.ssh/config",
    ],
)
def test_secrets_are_kept(ws: Path, name: str) -> None:
    """A name that secrets have is enough, in capital letters as well."""
    assert "secret pattern" in str(Privacy([ws]).reason(ws / name))


@pytest.mark.parametrize(
    "name",
    [
        ".env.example",
        ".env.sample",
        ".env.template",
        "deep/.ENV.Example",
        "environment.py",
        "env.py",
        "env",
        "dotenv.js",
        "keys.py",
        "key.py",
        "key",
        "monkey",
        "keystore.py",
        "pem.c",
        "secret_santa.py",
        "secret.py",
        "secretsmanager/client.py",
        "credentials/form.py",
        "credentials_form.py",
        "credential.json",
        "service-account.py",
        "service_account.go",
        "tfstate.go",
        "main.tf",
        "config.json",
        "kube/config",
        ".docker/daemon.json",
        "docker/config.json",
        "aws/client.py",
        ".ssh.md",
        "grid_rsa.c",
        "rsa.py",
        "netrc.py",
        "npmrc",
        "gpg/sign.py",
    ],
)
def test_look_alikes_of_secrets_may_leave(ws: Path, name: str) -> None:
    """Code about keys is no key, and templates are made to be shared."""
    assert Privacy([ws]).reason(ws / name) is None


def test_reason_names_the_secret_pattern(ws: Path) -> None:
    """Who wonders is told which pattern it was."""
    privacy = Privacy([ws])

    assert privacy.reason(ws / ".env.local") == "its name matches the secret pattern .env*"
    assert privacy.reason(ws / ".ssh/x") == "its name matches the secret pattern .ssh/"


def test_secrets_are_kept_whatever_the_folders(tmp_path: Path) -> None:
    """Neither no folder, nor another, nor one within a secret folder makes a secret public."""
    for folders in ([], [tmp_path / "other"], [tmp_path / ".ssh" / "ws"]):
        privacy = Privacy(folders, use_gitignore=False)

        assert "secret pattern" in str(privacy.reason(tmp_path / ".ssh" / "ws" / "config"))


def test_no_ignore_file_includes_a_secret(ws: Path) -> None:
    """`!.env` in an ignore file is for other programs than a host far away."""
    write(ws / ".gitignore", "!.env\n")
    write(ws / ".infillignore", "!.env\n")

    assert kept(ws, ".env") == [".env"]


# Git's semantics


@pytest.mark.parametrize(
    ("lines", "names", "ignored"),
    [
        ("*.log", ["a.log", "d/e/a.log", "a.txt"], ["a.log", "d/e/a.log"]),
        ("build/", ["build/a", "d/build/e/a", "build", "builds/a"], ["build/a", "d/build/e/a"]),
        ("build", ["build", "build/a", "d/build"], ["build", "build/a", "d/build"]),
        ("/x", ["x", "x/a", "d/x"], ["x", "x/a"]),
        ("d/x", ["d/x", "e/d/x", "x"], ["d/x"]),
        ("**/x", ["x", "d/e/x", "xx"], ["x", "d/e/x"]),
        ("d/**", ["d/a", "d/e/a", "e/d/a", "d"], ["d/a", "d/e/a"]),
        ("d/**/x", ["d/x", "d/e/f/x", "x"], ["d/x", "d/e/f/x"]),
        ("d/**/", ["d/x", "d/e/x"], ["d/e/x"]),
        ("*.log\n!keep.log", ["a.log", "keep.log"], ["a.log"]),
        ("!keep.log\n*.log", ["keep.log"], ["keep.log"]),
        ("build/\n!build/keep", ["build/keep", "build/a"], ["build/keep", "build/a"]),
        ("build/*\n!build/keep", ["build/keep", "build/a"], ["build/a"]),
        ("d/**\n!d/keep", ["d/keep", "d/a"], ["d/a"]),
        ("/*\n!/src/", ["a", "src/a", "src/e/a", "lib/a"], ["a", "lib/a"]),
        ("*\n!*/\n!*.py", ["a.c", "d/a.py", "d/a.c"], ["a.c", "d/a.c"]),
        ("# *.py\n\\#a\n\\!b", ["a.py", "#a", "!b"], ["#a", "!b"]),
        ("a.py   \nb\\ ", ["a.py", "b ", "b"], ["a.py", "b "]),
        ("", ["a.py"], []),
        ("a?.py\n[xy].c\n[!x].h", ["ab.py", "x.c", "z.c", "x.h", "z.h"], ["ab.py", "x.c", "z.h"]),
        ("*.LOG", ["a.log", "a.LOG"], ["a.LOG"]),
        ("/\n!/\n//", ["a", "d/a"], []),
        ("build/\n!/", ["build/a"], ["build/a"]),
        ("[[]x", ["[x", "x"], ["[x"]),
    ],
)
def test_one_gitignore(ws: Path, lines: str, names: list[str], ignored: list[str]) -> None:
    """The patterns of one file mean what they mean to git."""
    write(ws / ".gitignore", f"{lines}\n")

    assert kept(ws, *names) == ignored


def test_reason_names_the_ignore_file(ws: Path) -> None:
    """The file that decided is named, so that one knows where to look."""
    write(ws / ".gitignore", "*.log\n")
    inner = write(ws / "d" / ".gitignore", "*.tmp\n")
    privacy = Privacy([ws])

    assert privacy.reason(ws / "d" / "a.log") == f"it is ignored by {ws / '.gitignore'}"
    assert privacy.reason(ws / "d" / "a.tmp") == f"it is ignored by {inner}"


def test_deeper_ignore_file_wins(ws: Path) -> None:
    """It can include again what a file above it excludes, and the other way round."""
    write(ws / ".gitignore", "*.log\n!*.txt\n")
    write(ws / "d" / ".gitignore", "!*.log\n*.txt\n")

    assert kept(ws, "a.log", "a.txt", "d/a.log", "d/a.txt", "d/e/a.log") == ["a.log", "d/a.txt"]


def test_patterns_are_relative_to_their_file(ws: Path) -> None:
    """`/x` is meant from the folder that the ignore file is in."""
    write(ws / "d" / ".gitignore", "/x\n")

    assert kept(ws, "x", "d/x", "d/e/x") == ["d/x"]


def test_nothing_in_an_excluded_folder_is_included_again(ws: Path) -> None:
    """Not even by an ignore file in that folder, which git does not read."""
    write(ws / ".gitignore", "build/\n")
    write(ws / "build" / ".gitignore", "!*\n")

    assert kept(ws, "build/a", "build/d/a") == ["build/a", "build/d/a"]


def test_folder_that_is_included_again_does_not_include_its_files(ws: Path) -> None:
    """What excludes the files is asked for each of them all the same."""
    write(ws / ".gitignore", "build\n*.log\n")
    write(ws / "d" / ".gitignore", "!build\n")

    assert kept(ws, "d/build/a", "d/build/a.log", "build/a") == ["d/build/a.log", "build/a"]


@pytest.mark.parametrize("text", ["*.log\r\n!keep.log\r\n", "\ufeff*.log\n!keep.log\n"])
def test_ignore_files_of_windows(ws: Path, text: str) -> None:
    """Neither CRLF nor a byte order mark belongs to a pattern."""
    write(ws / ".gitignore", text)

    assert kept(ws, "a.log", "keep.log", "d/a.log") == ["a.log", "d/a.log"]


def test_last_line_needs_no_end(ws: Path) -> None:
    """A file that stops without a line break is read to its end."""
    write(ws / ".gitignore", "a\nb")

    assert kept(ws, "a", "b", "c") == ["a", "b"]


@needs_odd_names
def test_line_break_in_a_name(ws: Path) -> None:
    """A file with a strange name is excluded like any other, and so is one next to it."""
    write(ws / ".gitignore", "build/\n*.log\n")
    write(ws / "x\ny" / ".gitignore", "*.tmp\n")

    names = ["x\ny/build/a", "x\ny/a.tmp", "x\ny.log"]
    assert kept(ws, *names, "x\ny/a.py") == names


# One folder for each case of one repository, whose files are asked for by git and by us.
CASES: list[tuple[dict[str, str], str]] = [
    ({"": "*.log"}, "d/a.log"),
    ({"": "build/"}, "build/a"),
    ({"": "build/"}, "build"),
    ({"": "/x"}, "d/x"),
    ({"": "d/x"}, "e/d/x"),
    ({"": "d/**"}, "d/e/a"),
    ({"": "d/**\n!d/e"}, "d/e"),
    ({"": "d/**/"}, "d/a"),
    ({"": "[de]/**/\n!/[!f]/"}, "d/e/a"),
    ({"": "**/"}, "a"),
    ({"": "*/\n!/d/"}, "d/e/a"),
    ({"": "*\n!*/\n!*.py"}, "d/e/a.py"),
    ({"": "/*\n!/d"}, "d/a"),
    ({"": "d\n!d/a"}, "d/a"),
    ({"": "d/*\n!d/a"}, "d/a"),
    ({"": "a.py  "}, "a.py"),
    ({"": "a\\ "}, "a "),
    ({"": "a.py\r"}, "a.py"),
    ({"": "\ufeffa.py"}, "a.py"),
    ({"": "\\!a"}, "!a"),
    ({"": "#a"}, "#a"),
    ({"": "d\n!/"}, "d/a"),
    ({"": "a\n!"}, "a"),
    ({"": "a[\nb"}, "a["),
    ({"": "a\\\nb"}, "b"),
    ({"": "[^a].c"}, "b.c"),
    ({"": "*.log", "d": "!*.log"}, "d/a.log"),
    ({"": "*.log", "d": "!a"}, "d/a.log"),
    ({"": "d/", "d": "!a"}, "d/a"),
    ({"": "build\n*.log", "d": "!build"}, "d/build/a.log"),
    ({"": "build\n*.log", "d": "!build"}, "d/build/a"),
    ({"": "!a", "d": "/a"}, "d/e/a"),
    ({"d": "e/*", "d/e": "!a"}, "d/e/a"),
    ({"": "a", "d": "!a", "d/e": "a"}, "d/e/a"),
]


@needs_git
def test_git_says_the_same(tmp_path: Path) -> None:
    """`git check-ignore` and we agree on each case of the table."""
    assert GIT is not None
    env = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([GIT, "init", "-q", tmp_path], check=True, env=env)
    ours = []
    for number, (ignore_files, name) in enumerate(CASES):
        case = tmp_path / str(number)
        write(case / name)
        for folder, lines in ignore_files.items():
            write(case / folder / ".gitignore", f"{lines}\n")
        if Privacy([case]).reason(case / name):
            ours.append(f"{number}/{name}")

    asked = "\0".join(f"{number}/{name}" for number, (_, name) in enumerate(CASES))
    answer = subprocess.run(
        [GIT, "check-ignore", "--no-index", "-z", "--stdin"],
        input=asked.encode(),
        capture_output=True,
        cwd=tmp_path,
        env=env,
    )

    assert ours == answer.stdout.decode().split("\0")[:-1]


# .infillignore


def test_infillignore_is_read_after_gitignore(ws: Path) -> None:
    """In one folder it has the last word: it excludes more, and includes again."""
    write(ws / ".gitignore", "*.gen.py\nbuild/\n")
    write(ws / ".infillignore", "!*.gen.py\n!build/\n/private/\n")

    assert kept(ws, "a.gen.py", "build/a", "private/a", "a") == ["private/a"]


def test_gitignore_below_wins_over_infillignore_above(ws: Path) -> None:
    """Nearness decides first."""
    write(ws / ".infillignore", "!*.log\n")
    write(ws / "d" / ".gitignore", "*.log\n")

    assert kept(ws, "a.log", "d/a.log") == ["d/a.log"]


def test_gitignore_can_be_left_out(ws: Path) -> None:
    """Without `.gitignore`, `.infillignore` is all that counts."""
    write(ws / ".gitignore", "*.log\n")
    write(ws / ".infillignore", "*.csv\n")

    assert kept(ws, "a.log", "a.csv", use_gitignore=False) == ["a.csv"]


# Reading


def test_edit_of_an_ignore_file_takes_effect_at_once(ws: Path) -> None:
    """The next answer knows of a file that is new, changed or gone."""
    file, privacy = ws / ".gitignore", Privacy([ws])
    answers = [privacy.reason(ws / "a.log")]

    for text in ("*.log\n", "*.log\n!a.log\n", "*\n"):
        write(file, text)
        answers.append(privacy.reason(ws / "a.log"))
    file.unlink()
    answers.append(privacy.reason(ws / "a.log"))

    assert [answer is None for answer in answers] == [True, False, True, False, True]


def test_lines_that_are_no_patterns_are_skipped(ws: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They are named once, without what is in them, and the other lines hold."""
    write(ws / ".gitignore", "*.log\n!\na[z-a]\nb\\\nx[[:digit:]]\n# [:digit:]\n*.tmp\n")
    privacy = Privacy([ws])

    with caplog.at_level(logging.WARNING):
        answers = [privacy.reason(ws / name) for name in ("a.log", "a.tmp", "a", "a.log")]

    assert [answer is None for answer in answers] == [False, False, True, False]
    file = ws / ".gitignore"
    assert caplog.messages == [
        f"{file}, line {number}: not understood, and skipped" for number in (2, 3, 4, 5)
    ]
    assert all(record.exc_info is None for record in caplog.records)


def test_unreadable_ignore_file_counts_as_empty(ws: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is named once, and the other ignore files hold."""
    unreadable(ws / ".gitignore")
    write(ws / ".infillignore", "*.log\n")

    with caplog.at_level(logging.WARNING):
        privacy = Privacy([ws])
        answers = [privacy.reason(ws / name) for name in ("a.py", "a.log", "b.py")]

    assert [answer is None for answer in answers] == [True, False, True]
    [message] = caplog.messages
    assert message.startswith(f"{ws / '.gitignore'} cannot be read")


def test_folder_with_the_name_of_an_ignore_file(ws: Path) -> None:
    """It is not an ignore file, and no trouble."""
    (ws / ".gitignore").mkdir()

    assert kept(ws, "a.py") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_pipe_with_the_name_of_an_ignore_file(ws: Path) -> None:
    """Nobody waits for what may come out of it."""
    os.mkfifo(ws / ".gitignore")

    assert kept(ws, "a.py") == []


def test_ignore_file_that_is_not_utf_8(ws: Path) -> None:
    """A line in another encoding spoils only itself."""
    (ws / ".gitignore").write_bytes("größe\n*.log\n".encode("latin-1"))

    assert kept(ws, "a.log", "a.py") == ["a.log"]


def test_name_that_no_file_can_have(ws: Path) -> None:
    """An editor may send anything."""
    assert Privacy([ws]).reason(ws / "a\0b") == "its name is none that a file can have"


# Folders


def test_outside_the_workspace(ws: Path, tmp_path: Path) -> None:
    """A file in none of the folders may not leave, also where its path begins like one's."""
    privacy, outside = Privacy([ws]), "it is outside the workspace's folders"

    assert privacy.reason(tmp_path / "a.py") == outside
    assert privacy.reason(tmp_path / "ws2" / "a.py") == outside
    assert privacy.reason(ws / ".." / "a.py") == outside
    assert privacy.reason(ws / "d" / ".." / "a.py") is None


def test_several_folders(tmp_path: Path) -> None:
    """Each has its own ignore files."""
    one, two = tmp_path / "one", tmp_path / "two"
    write(one / ".gitignore", "*.log\n")
    write(two / ".gitignore", "*.tmp\n")
    privacy = Privacy([one, two])

    files = [one / "a.log", one / "a.tmp", two / "a.log", two / "a.tmp"]
    assert [privacy.reason(file) is None for file in files] == [False, True, True, False]


@pytest.mark.parametrize("inner_first", [True, False])
def test_folder_within_a_folder(ws: Path, inner_first: bool) -> None:
    """The ignore files of the outer folder apply as well, whatever the order."""
    inner = ws / "packages" / "web"
    write(ws / ".gitignore", "*.log\n")
    write(inner / ".gitignore", "*.tmp\n")
    privacy = Privacy([inner, ws] if inner_first else [ws, inner])

    names = ["a.log", "a.tmp", "a.py"]
    assert [privacy.reason(inner / name) is None for name in names] == [False, False, True]


def test_repository_within_a_folder(ws: Path) -> None:
    """One that is a folder of the workspace itself is judged by its own ignore files alone."""
    write(ws / ".gitignore", "*\n")
    for name in ("opened", "lying about"):
        write(ws / name / ".git")
        write(ws / name / ".gitignore", "*.tmp\n")
    privacy = Privacy([ws, ws / "opened"])

    names = ["opened/a.py", "opened/a.tmp", "lying about/a.py"]
    assert [privacy.reason(ws / name) is None for name in names] == [True, False, False]


def test_nothing_above_the_folder_counts(ws: Path, tmp_path: Path) -> None:
    """An ignore file above the workspace's folder is not read."""
    write(tmp_path / ".gitignore", "*\n")

    assert kept(ws, "a.py") == []


def test_no_folders_in_a_repository(tmp_path: Path) -> None:
    """A single file is judged from the repository that it is in, and from no farther."""
    write(tmp_path / ".gitignore", "*.py\n")
    write(tmp_path / "repo" / ".gitignore", "*.log\n")
    write(tmp_path / "repo" / ".git")
    privacy = Privacy([])

    folder = tmp_path / "repo" / "d" / "e"
    assert privacy.reason(folder / "a.log") == f"it is ignored by {tmp_path}/repo/.gitignore"
    assert privacy.reason(folder / "a.py") is None


def test_no_folders_and_no_repository(tmp_path: Path) -> None:
    """A single file is judged from its own folder."""
    write(tmp_path / ".gitignore", "*.py\n")
    write(tmp_path / "d" / ".infillignore", "*.log\n")
    privacy = Privacy([])

    assert privacy.reason(tmp_path / "d" / "a.py") is None
    assert privacy.reason(tmp_path / "d" / "a.log") is not None


def test_relative_paths(ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are meant from the current folder."""
    write(ws / ".gitignore", "*.log\n")
    monkeypatch.chdir(ws)
    privacy = Privacy([Path()])

    assert privacy.reason(Path("a.py")) is None
    assert privacy.reason(Path("a.log")) is not None
    assert privacy.reason(Path("../a.py")) is not None


# Links


@needs_links
def test_link_out_of_the_workspace(ws: Path, tmp_path: Path) -> None:
    """What is outside is not inside by a link, of a file or of a folder."""
    (ws / "a.py").symlink_to(write(tmp_path / "other" / "a.py"))
    (ws / "d").symlink_to(tmp_path / "other")

    assert kept(ws, "a.py", "d/a.py", "d/new.py", "b.py") == ["a.py", "d/a.py", "d/new.py"]


@needs_links
def test_link_to_another_folder_of_the_workspace(tmp_path: Path) -> None:
    """It stays inside."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (one / "a.py").symlink_to(write(two / "a.py"))

    assert Privacy([one, two]).reason(one / "a.py") is None


@needs_links
@pytest.mark.parametrize("folders", [True, False])
def test_secret_behind_a_link(ws: Path, folders: bool) -> None:
    """Both the name of the link and that of what it leads to count."""
    (ws / "settings").symlink_to(write(ws / ".env"))
    (ws / "server.key").symlink_to(write(ws / "a.py"))
    privacy = Privacy([ws] if folders else [])

    for name in ("settings", "server.key"):
        assert "secret pattern" in str(privacy.reason(ws / name))


@needs_links
def test_ignored_file_behind_a_link(ws: Path) -> None:
    """A link makes nothing public that is ignored under its own name."""
    write(ws / ".gitignore", "build/\n")
    (ws / "a.py").symlink_to(write(ws / "build" / "a.py"))

    assert kept(ws, "a.py") == ["a.py"]


@needs_links
def test_folder_of_the_workspace_that_is_a_link(ws: Path, tmp_path: Path) -> None:
    """Its files are inside by either name, and its ignore files apply."""
    write(ws / ".gitignore", "*.log\n")
    link = tmp_path / "link"
    link.symlink_to(ws)
    privacy = Privacy([link])

    files = [link / "a.py", ws / "a.py", link / "a.log", ws / "a.log"]
    assert [privacy.reason(file) is None for file in files] == [True, True, False, False]


@needs_links
def test_links_in_a_circle(ws: Path) -> None:
    """They end nowhere, and do no harm."""
    (ws / "a").symlink_to(ws / "b")
    (ws / "b").symlink_to(ws / "a")

    assert kept(ws, "a", "b/c") == []
