"""What a fresh machine, a hosted Space, a container and CI read: all of it says the same."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement

from demos.base.checkpoints import status
from tests.browser_report import find_gaps
from tests.contract.house import DEMOS, ROOT, imports_in, source_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
HEADER = yaml.safe_load(README.split("---\n")[1])

# Import name -> distribution, where they differ.
DISTRIBUTIONS = {"PIL": "pillow", "open_clip": "open_clip_torch", "huggingface_hub": "huggingface-hub", "yaml": "pyyaml",
                 "sklearn": "scikit-learn"}
# ZeroGPU brings the first. The second is what a bench compares with, where somebody has installed it.
OPTIONAL = {"spaces", "bertviz"}
# Imported where a recipe's result is measured, never by the app: among what development needs.
MEASURING = {"sacrebleu"}
# Imported by open_clip; named because its version belongs to torch's. Imported by transformers for a translator.
INDIRECT = {"torchvision", "sentencepiece"}


def requirements(name: str) -> dict[str, Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return {r.name: r for r in found}


def commands(text: str) -> list[str]:
    """The single-line commands in a text's bash blocks, in order."""
    return [block.strip() for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)]


RUN, TEST = commands(README)[:2]


# -- the two commands ------------------------------------------------------------------------------
def test_two_commands_stand_near_the_top():
    assert README.count("\n", 0, README.index(TEST)) < 60
    for command in (RUN, TEST):
        assert "\n" not in command and command.startswith("python3 -m venv .venv && .venv/bin/pip install -r ")
    assert RUN.endswith(".venv/bin/python app.py") and TEST.endswith(".venv/bin/python -m pytest")


def test_both_languages_give_the_same_commands():
    assert commands(CHINESE)[:2] == [RUN, TEST]


def test_commands_install_files_that_exist():
    for command in (RUN, TEST):
        assert (ROOT / re.search(r"-r (\S+)", command).group(1)).is_file()


def steps_of(script: str) -> list[str]:
    """The commands that a script runs out of a virtual environment, its folder called .venv."""
    lines = [re.sub(r'"?\$venv(/[\w/]+)?"?', r".venv\1", line) for line in script.splitlines()]
    return [line for line in lines if re.match(r"(python3 -m venv )?\.venv", line)]


def test_ci_runs_what_the_readme_says():
    venv, install, test = TEST.split(" && ")
    ran = steps_of(CI)
    assert ran[:2] == [venv, install]
    assert ran[2].startswith(test + " ") and len(ran) == 4
    # What CI adds may report more, never leave tests out.
    assert re.fullmatch(r'--junitxml="\$scratch/report\.xml" \|\| status=\$\?', ran[2][len(test) + 1:])


def test_ci_installs_the_packages_the_readme_names():
    named = re.search(r"`apt install (chromium[^`]*)`", README).group(1).split()
    assert re.search(r"for package in (.*); do", CI).group(1).split() == named


def test_ci_is_a_sound_script():
    path = ROOT / ".ci" / "run"
    assert path.stat().st_mode & stat.S_IXUSR and CI.startswith("#!/usr/bin/env bash\n")
    assert subprocess.run(["bash", "-n", str(path)], capture_output=True).returncode == 0
    for promise in ("set -euo pipefail", "exec </dev/null", "mktemp -d", "trap 'rm -rf \"$scratch\"' EXIT",
                    "tests.browser_report", "exit \"$status\""):
        assert promise in CI


def run_ci(tmp_path, *, tests: int = 0, browser: int = 0, dpkg: int = 0, apt: int = 0) -> subprocess.CompletedProcess:
    """.ci/run with every program it calls replaced: pytest and the report exit as told."""
    home, tools = tmp_path / "repository", tmp_path / "tools"
    (home / ".ci").mkdir(parents=True)
    (home / ".ci" / "run").write_text(CI)
    tools.mkdir()
    python = f'#!/bin/sh\ncase "$*" in *browser_report*) exit {browser};; *) echo "1 passed"; exit {tests};; esac\n'
    fakes = {"python3": 'mkdir -p "$3/bin"; cp "$FAKES/python" "$3/bin/"; cp "$FAKES/pip" "$3/bin/"',
             "dpkg": f"exit {dpkg}", "apt-get": f'echo "apt-get $*" >> "$FAKES/../calls"; exit {apt}', "pip": "exit 0"}
    for name, body in fakes.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
    (tools / "python").write_text(python)
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "FAKES": str(tools), "TMPDIR": str(tmp_path / "tmp")}
    return subprocess.run(["bash", str(home / ".ci" / "run")], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("tests", "browser", "passes"), [(0, 0, True), (1, 0, False), (0, 1, False), (5, 1, False)])
def test_ci_fails_when_tests_fail_or_browser_tests_are_missing(tmp_path, tests, browser, passes):
    done = run_ci(tmp_path, tests=tests, browser=browser)
    assert (done.returncode == 0) is passes, done.stderr
    assert "1 passed" in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []        # the environment of 6 GB is gone again


def test_ci_installs_a_browser_only_where_there_is_none(tmp_path):
    run_ci(tmp_path / "has")
    assert not (tmp_path / "has" / "calls").exists()
    assert run_ci(tmp_path / "lacks", dpkg=1).returncode == 0
    update, install = (tmp_path / "lacks" / "calls").read_text().splitlines()
    assert update.startswith("apt-get update") and install.endswith("chromium fonts-noto-color-emoji fonts-noto-cjk")
    assert run_ci(tmp_path / "cannot", dpkg=1, apt=100).returncode != 0


@pytest.mark.parametrize(("cases", "gaps"), [
    ('<testcase classname="tests.app.test_a" name="test_b"/>', 0),
    ('<testcase classname="tests.app.test_a" name="test_b"/><testcase classname="tests.base.test_x" name="y"><skipped/></testcase>', 0),
    ('<testcase classname="tests.app.test_a" name="test_b"/>'
     '<testcase classname="tests.app.test_a" name="test_c"><skipped message="no chromium"/></testcase>', 1),
    ('<testcase classname="" name="tests.app.test_a"><skipped message="no playwright"/></testcase>', 1),
    ('<testcase classname="tests.base.test_x" name="y"/>', 1),
    ("", 1),
])
def test_skipped_browser_tests_are_found(tmp_path, cases, gaps):
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert len(find_gaps(report)) == gaps
    run = subprocess.run([sys.executable, "-m", "tests.browser_report", str(report)], cwd=ROOT, capture_output=True)
    assert run.returncode == bool(gaps)


def test_missing_report_is_a_gap(tmp_path):
    assert find_gaps(tmp_path / "none.xml")


# -- requirements ----------------------------------------------------------------------------------
def test_everything_imported_is_required_and_nothing_else():
    imported = {item.top for path in source_files() for item in imports_in(path)}
    imported -= sys.stdlib_module_names | {"demos", "app"} | OPTIONAL | MEASURING
    assert MEASURING <= set(requirements("requirements-dev.txt"))
    assert {DISTRIBUTIONS.get(name, name) for name in imported} | INDIRECT == set(requirements("requirements.txt"))


def test_everything_tests_import_is_required():
    imported = {item.top for path in (ROOT / "tests").rglob("*.py") for item in imports_in(path)}
    imported -= sys.stdlib_module_names | {"demos", "app", "tests"} | OPTIONAL
    known = requirements("requirements.txt") | requirements("requirements-dev.txt")
    assert {DISTRIBUTIONS.get(name, name) for name in imported} <= set(known)
    assert "-r requirements.txt" in (ROOT / "requirements-dev.txt").read_text()


def test_ranges_hold_zero_gpu_and_today():
    found = requirements("requirements.txt")
    for version in ("2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.14.1"):
        assert version in found["torch"].specifier
    assert str(found["gradio"].specifier).startswith("==")
    assert all(r.specifier for r in found.values())


def test_installed_versions_are_in_the_ranges():
    from importlib.metadata import version

    for requirement in requirements("requirements.txt").values():
        assert requirement.specifier.contains(version(requirement.name).partition("+")[0], prereleases=True)


# -- the Space -------------------------------------------------------------------------------------
def test_header_makes_a_gradio_space():
    assert README.startswith("---\n")
    assert HEADER["sdk"] == "gradio" and HEADER["license"] == "apache-2.0"
    assert f"=={HEADER['sdk_version']}" == str(requirements("requirements.txt")["gradio"].specifier)
    assert HEADER["python_version"] == "3.12.12"
    assert (ROOT / HEADER["app_file"]).is_file()
    assert {HEADER["colorFrom"], HEADER["colorTo"]} <= {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert len(HEADER["short_description"]) <= 60 and len(HEADER["title"]) <= 30


def test_space_preloads_what_the_picker_offers(tmp_path, monkeypatch):
    """With nothing but the preloaded files in its cache, a Space shows the checkpoint as here already."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    offered = {c.repo: c for demo in DEMOS for c in demo.spec.checkpoints if c.repo}
    assert HEADER["preload_from_hub"]
    for entry in HEADER["preload_from_hub"]:
        repo, files, commit = entry.split(" ")
        assert repo in HEADER["models"] and re.fullmatch("[0-9a-f]{40}", commit)
        assert status(offered[repo]).kind == "download"
        snapshot = tmp_path / f"models--{repo.replace('/', '--')}" / "snapshots" / commit
        snapshot.mkdir(parents=True)
        for name in files.split(","):
            (snapshot / name).write_bytes(b"{}")
        assert status(offered[repo]).kind == "cached"


# -- the container ---------------------------------------------------------------------------------
def test_container_is_slim_offline_and_not_root():
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
    lines = [line for line in lines if line]
    assert lines[0] == "FROM python:3.12-slim"
    users = [i for i, line in enumerate(lines) if line.startswith("USER ")]
    assert users and lines[users[-1]] != "USER root"
    environment = dict(re.findall(r"(\w+)=(\S+)", " ".join(line for line in lines if line.startswith("ENV "))))
    assert environment["GRADIO_SERVER_NAME"] == "0.0.0.0" and environment["GRADIO_SERVER_PORT"] == "7860"
    assert environment["HF_HUB_OFFLINE"] == "1" and environment["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert "EXPOSE 7860" in lines and any("127.0.0.1:7860" in line for line in lines if line.startswith("HEALTHCHECK "))
    assert "RUN pip install -r requirements.txt" in lines
    assert lines[-1] == 'CMD ["python", "app.py"]' and users[-1] < len(lines) - 1


def test_container_leaves_out_what_it_does_not_need():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "tests", "docs"} <= set(ignored)
    assert not {"app.py", "demos", "weights", "requirements.txt", "LICENSE", "NOTICE"} & set(ignored)


# -- documents -------------------------------------------------------------------------------------
def test_links_in_documents_lead_somewhere():
    missing = []
    for path in (ROOT / "README.md", ROOT / "README.zh.md", ROOT / "demos" / "README.md"):
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                missing.append(f"{path.relative_to(ROOT)}: {target}")
    assert missing == []


def test_environment_variables_of_the_code_are_documented():
    named = {name for path in source_files() for name in re.findall(r"\bEPOCHS_[A-Z_]+", path.read_text(encoding="utf-8"))}
    assert {name for name in named if name not in README} == set()
    assert set(re.findall(r"\bEPOCHS_[A-Z_]+", README)) <= named


def test_licence_and_notice():
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence and "Version 2.0, January 2004" in licence and "END OF TERMS AND CONDITIONS" in licence
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for source in ("Noto Emoji", "Twemoji", "CC BY 4.0", "Fluent Emoji", "Unicode", "Emojibase", "WikiText-2", "CC BY-SA 3.0",
                   "chinese-poetry", "Tatoeba", "CC BY 2.0 FR", "CPython", "Photographs".upper()):
        assert source in notice


@pytest.mark.parametrize("path", [p for p in sorted(ROOT.rglob("*.md")) + source_files()
                                  if not {".venv", "__pycache__"} & set(p.parts)], ids=lambda p: str(p.relative_to(ROOT)))
def test_no_path_of_one_machine(path):
    assert not re.search(r"(?<![\w.:])/(work|home/\w+|root|Users)/", path.read_text(encoding="utf-8"))
