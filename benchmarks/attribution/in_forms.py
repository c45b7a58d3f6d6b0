"""Scenarios in which the same value is written in another way, sooner or later."""

import base64
import json
from urllib.parse import quote

from benchmarks.attribution.scenario import ANN, BOB, CAT, Stage, Truth, scenario

_GROUP = "forms"


@scenario(_GROUP, "Bob turns the line ends of the file into CRLF, Cat turns them back.")
def crlf(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.config("core.autocrlf", "false")
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("windows", {"conf": stage.text().replace("\n", "\r\n")}, author=BOB)
    stage.repo.commit("unix", {"conf": stage.text("more = 1")}, author=CAT)
    return Truth(ANN, first)


@scenario(_GROUP, "Ann adds it as it is, Bob copies it as base64.")
def base64_later(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    hidden = base64.b64encode(stage.key.encode())
    manifest = f"kind: Secret\ndata:\n  token: {hidden.decode()}\n"
    stage.repo.commit("manifest", {"secret.yaml": manifest}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),), forms=(stage.key.encode(), hidden))


@scenario(_GROUP, "Ann adds it as base64, Bob writes it out.")
def base64_first(stage: Stage) -> Truth:
    stage.begin()
    hidden = base64.b64encode(stage.key.encode())
    manifest = f"kind: Secret\ndata:\n  token: {hidden.decode()}\n"
    first = stage.repo.commit("manifest", {"secret.yaml": manifest}, author=ANN)
    stage.repo.commit("write out", {"conf": stage.text()}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),), forms=(stage.key.encode(), hidden))


@scenario(_GROUP, "Ann adds it as base64 over a whole settings file, Bob decodes the file in place.")
def base64_of_a_file(stage: Stage) -> Truth:
    stage.begin()
    hidden = base64.b64encode(stage.text().encode())
    first = stage.repo.commit("add", {"conf.b64": hidden + b"\n"}, author=ANN)
    stage.repo.commit("decode", {"conf": stage.text()}, delete=("conf.b64",), author=BOB)
    return Truth(ANN, first, ((BOB, "move"),), forms=(stage.key.encode(), hidden))


@scenario(_GROUP, "Bob saves the file as UTF-16.")
def utf16(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("from an editor", {"conf": b"\xff\xfe" + stage.text().encode("utf-16-le")}, author=BOB)
    return Truth(ANN, first, forms=(stage.key.encode(), stage.key.encode("utf-16-le")))


@scenario(_GROUP, "Ann adds it percent-encoded in a URL, Bob writes it out.")
def percent_encoded(stage: Stage) -> Truth:
    stage.begin()
    url = quote(f"https://x-access-token:{stage.key}@github.com/corp/app.git", safe="")
    first = stage.repo.commit("hook", {"hook.txt": f"https://ci.corp.example/build?repo={url}\n"}, author=ANN)
    stage.repo.commit("write out", {"conf": stage.text()}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),))


@scenario(_GROUP, "Ann adds it with every character percent-encoded, Bob writes it out.")
def percent_encoded_whole(stage: Stage) -> Truth:
    stage.begin()
    hidden = "".join(f"%{ord(letter):02X}" for letter in stage.key)
    first = stage.repo.commit("add", {"hook.txt": f"token={hidden}\n"}, author=ANN)
    stage.repo.commit("write out", {"conf": stage.text()}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),), forms=(stage.key.encode(), hidden.encode()))


@scenario(_GROUP, "Ann adds it in escapes of JSON, Bob writes it out.")
def escaped(stage: Stage) -> Truth:
    stage.begin()
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in stage.key)
    first = stage.repo.commit("add", {"conf.json": f'{{"token": "{hidden}"}}\n'}, author=ANN)
    stage.repo.commit("write out", {"conf": json.dumps({"token": stage.key}) + "\n"}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),), forms=(stage.key.encode(), hidden.encode()))


@scenario(_GROUP, "Ann adds it in hexadecimal, Bob writes it out.")
def hexadecimal(stage: Stage) -> Truth:
    stage.begin()
    hidden = stage.key.encode().hex()
    first = stage.repo.commit("add", {"blob.txt": f"token_hex = {hidden}\n"}, author=ANN)
    stage.repo.commit("write out", {"conf": stage.text()}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),), forms=(stage.key.encode(), hidden.encode()))


@scenario(_GROUP, "Bob prints it in other quotes, in another language, on the same path.")
def another_language(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("json", {"conf": json.dumps({"github_token": stage.key}) + "\n"}, author=BOB)
    return Truth(ANN, first)
