"""What can be told to be private by its form: paths, keys and hosts, in the ways in which people write them."""

from __future__ import annotations

import pytest

from forge_desktop.cards.privacy.keys import keys_in
from forge_desktop.cards.privacy.patterns import hosts_in, paths_in

LETTERS = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE0KEY"  # made up


def cut(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return sorted({text[start:end] for start, end in spans})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("path:/home/ada/x", "/home/ada/x"),
        ("from ada@host:/home/ada/x.gguf.", "/home/ada/x.gguf"),
        ("gcc -I/home/ada/inc", "/home/ada/inc"),
        ("$HOME/secret/plan.txt", "$HOME/secret/plan.txt"),
        ("${HOME}/secret/plan.txt", "${HOME}/secret/plan.txt"),
        ("%USERPROFILE%\\plan.txt", "%USERPROFILE%\\plan.txt"),
        ("open \\Users\\Ada\\plan.txt", "\\Users\\Ada\\plan.txt"),
        ("smb://srv/ada/plan", "smb://srv/ada/plan"),
        ("//srv/share/plan.txt", "//srv/share/plan.txt"),
        ("sftp://ada@srv/home/ada", "sftp://ada@srv/home/ada"),
        ("vscode://file/home/ada/x", "vscode://file/home/ada/x"),
        ("/scratch/ada/plan", "/scratch/ada/plan"),
        ("/cygdrive/c/ada/x", "/cygdrive/c/ada/x"),
        ("it is `/home/ada/a b.txt`", "/home/ada/a b.txt"),
    ],
)
def test_paths_are_found_however_they_are_written(text: str, path: str) -> None:
    assert cut(text, paths_in(text)) == [path]


def test_a_mount_names_two_paths() -> None:
    (found,) = cut("docker run -v/home/ada:/data/x img", paths_in("docker run -v/home/ada:/data/x img"))
    assert found == "/home/ada:/data/x"


@pytest.mark.parametrize(
    "text",
    [
        "https://cdn.example.com/home/x.js and //cdn.example.com/home/x.js",
        "x = a // b; // a remark/and more",
        "and/or, CPU/GPU, 3/4, he/she/they, /v1/chat/completions",
        "costs $HOME money, 100 %/year",
        "src/data/set.py, ./data/set, ../home/x",
    ],
)
def test_what_only_looks_like_a_path_is_none(text: str) -> None:
    assert cut(text, paths_in(text)) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"aws_secret_access_key = {LETTERS}", LETTERS),
        ("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
        ("github_pat_11ABCDEFG0aBcDeFgHiJkL_x", "github_pat_11ABCDEFG0aBcDeFgHiJkL_x"),
        ("glpat-abcdefGHIJ12345678xy", "glpat-abcdefGHIJ12345678xy"),
        (f"npm_{LETTERS}", f"npm_{LETTERS}"),
        (f"pypi-AgEIcHlw{LETTERS}", f"pypi-AgEIcHlw{LETTERS}"),
        (f"r8_{LETTERS}", f"r8_{LETTERS}"),
        ("SG.abcdefghijklmnop.qrstuvwxyz0123456", "SG.abcdefghijklmnop.qrstuvwxyz0123456"),
        (f"AccountKey={LETTERS}==;Endpoint", f"{LETTERS}=="),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
        ("token: abcdef0123456789", "abcdef0123456789"),
        ("HF_TOKEN=abcdef0123456789", "abcdef0123456789"),
        ("PGPASSWORD=hunter22", "hunter22"),
        ("| password | hunter22 |", "hunter22"),
        ("| **API key** | abcdefgh12345 |", "abcdefgh12345"),
        ("postgres://ada:hunter22@db.example/x", "hunter22"),
        (
            "-----BEGIN RSA\nPRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA\nPRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        ),
        ("OPENAI_API_KEY='abcdefgh1234'", "abcdefgh1234"),
    ],
)
def test_keys_are_found_by_their_form_or_by_what_they_are_called(text: str, key: str) -> None:
    assert key in cut(text, keys_in(text))


def test_both_halves_of_a_key_are_found_that_a_line_end_parts() -> None:
    text = "sk-proj-abcdefghijklmnop\n  qrstuvwx12345678 and more"
    assert cut(text, keys_in(text)) == ["qrstuvwx12345678", "sk-proj-abcdefghijklmnop"]


@pytest.mark.parametrize(
    "text",
    [
        "eos_token: </s>, pad_token: <|finetune_right_pad_id|>, tokens: 512, max_token = 20000000",
        "tokenizer: GPT2Tokenizer; Token | Meaning; | Password | Meaning |",
        "The password is required. Passwords: never. A key to the door; the keyword: attention1",
        "password: ‹key›, api key: ‹key›",
        "https://example.com:8080/a@b and npm_config_x",
    ],
)
def test_words_about_keys_are_none(text: str) -> None:
    assert cut(text, keys_in(text)) == []


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("at fd00::1 now", "fd00::1"),
        ("http://[fd12:3456::1]:8080/v1", "[fd12:3456::1]:8080"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("nas.fritz.box", "nas.fritz.box"),
        ("box.tail1234.ts.net:443", "box.tail1234.ts.net:443"),
    ],
)
def test_hosts_of_a_private_network_are_found(text: str, host: str) -> None:
    assert cut(text, hosts_in(text)) == [host]


def test_public_addresses_and_hashes_are_no_private_hosts() -> None:
    text = "2606:4700:4700::1111, [2606:4700::1]:443, ::1, fade:bead, sha fdab12cd, 12:30:45, std::vector, a[fd:]"
    assert cut(text, hosts_in(text)) == []
