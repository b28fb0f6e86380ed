"""Runs the samples of the documentation as a reader does: filled in, saved to a file, started with a shell, Python or Java."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from directca.web.docs.identifiers import Identifiers
from directca.web.docs.samples import answers, fill, samples

SECONDS = 90
PROJECT = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>
<OutputType>Exe</OutputType><TargetFramework>net8.0</TargetFramework>
<ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable>
</PropertyGroup></Project>"""


@dataclass
class Reader:
    """Somebody who works through the pages in one language, in a folder of their own.

    `environment` holds the secrets that the samples read from there.
    """

    language: str
    folder: Path
    base_url: str
    identifiers: Identifiers
    environment: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def run(self, function: str) -> str:
        """Run the sample of a function and give what it printed; a sample that fails, fails the test with its output."""
        (sample,) = [one for one in samples(function) if one.language == self.language]
        self.ran.append(function)
        return self._run(sample.file_name, fill(sample.text, self.identifiers.fills(self.base_url)))

    def run_short(self, name: str) -> str:
        """Run one of the short commands that are the same in every language."""
        return self._run(f"{name}.sh", fill(answers()[name], self.identifiers.fills(self.base_url)))

    def run_shown(self, command: str) -> str:
        """Run a command that was copied from a page."""
        return self._run("shown.sh", command)

    def compile_csharp(self, function: str) -> None:
        """Build the C# sample of a function; a message of the compiler fails the test."""
        (sample,) = [one for one in samples(function) if one.language == "csharp"]
        (self.folder / "Program.cs").write_text(fill(sample.text, self.identifiers.fills(self.base_url)), encoding="utf-8")
        (self.folder / "Sample.csproj").write_text(PROJECT, encoding="utf-8")
        done = subprocess.run(
            ["dotnet", "build", "--nologo"], cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout

    def _run(self, file_name: str, text: str) -> str:
        file = self.folder / file_name
        file.write_text(text + "\n", encoding="utf-8")
        started = {
            ".sh": ["sh", "-eu", file_name],
            ".py": [sys.executable, file_name],
            # Two small pools: the default heap of a large machine takes longer to set up than the sample to run.
            ".java": ["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", file_name],
        }[file.suffix]
        done = subprocess.run(
            started,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **self.environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{self.language} {file_name} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def assignments(output: str) -> dict[str, str]:
    """The NAME=value lines of what a sample printed."""
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
