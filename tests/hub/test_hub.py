"""Two students log in to the hub and work, each on a copy of their own: nothing overwrites it, nobody else reads it."""

from pathlib import Path

import classroom
import lab
import nbformat
import pytest

FIRST_FIGURE = "first-figure"
OTHER_LECTURE = "lectures/02_adversarial_examples.ipynb"
LECTURE = "lectures/04_gradient_attacks.ipynb"
EXERCISE = "exercises/04_gradient_attacks.ipynb"
LOOPBACK, LISTENS = "0100007F", "0A"  # as the kernel writes them


@pytest.fixture(scope="module", params=["accounts", "one user"])
def hub(request):
    accounts = request.param == "accounts"
    if why := classroom.missing() or (accounts and classroom.missing_for_accounts()):
        pytest.skip(why)
    with classroom.hub(accounts=accounts) as running:
        yield running


@pytest.fixture(scope="module")
def browser(hub):
    with lab.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def students(browser, hub):
    return {name: classroom.Student(browser, hub, name) for name in classroom.STUDENTS}


@pytest.fixture
def ada(students):
    return students["ada"]


def test_both_draw_the_first_figure(students):
    for student in students.values():
        book = student.open(LECTURE)
        cell = classroom.run_to(book, FIRST_FIGURE)
        assert cell["execution_count"] and any("image/png" in o.get("data", {}) for o in cell["outputs"])
        assert book.errors == []
        book.close()


def test_the_hub_lets_nobody_into_anothers_server(ada):
    assert ada.status(f"/user/ada/api/contents/{EXERCISE}") == 200
    assert ada.status(f"/user/emmy/api/contents/{EXERCISE}") == 403
    assert ada.status("/hub/api/users/emmy") == 404  # whether there is such a student is not said either


ATTEMPTS = {  # what a student's kernel may not do, where each has an account
    "another's exercise": "open('{other}/" + EXERCISE + "')",
    "another's folder": "os.listdir('{other}')",
    "another's token": "[open(f'/proc/{{p}}/environ', 'rb').read() for p in processes]",
    "the hub's secret": "open('{private}/cookie_secret', 'rb')",
    "the hub's users": "open('{private}/jupyterhub.sqlite', 'rb')",
    "the passwords": "open('/etc/shadow')",
    "the solutions": "os.listdir('{root}/solutions')",
    "write to the hand-out": "open('{handout}/" + LECTURE + "', 'a')",
    "write to the library": "open(__import__('advcourse').__file__, 'a')",
    "write to the environment": "open(__import__('torch').__file__, 'a')",
}
PROCESSES = """
import os
processes = [d for d in os.listdir('/proc') if d.isdigit() and os.stat(f'/proc/{{d}}').st_uid == {uid}]
print(len(processes))
"""


def test_accounts_keep_students_apart(hub, ada):
    other = hub.copy_of("emmy")
    places = {"root": lab.ROOT, "other": other, "private": hub.private, "handout": hub.handout}
    book = ada.open(LECTURE)
    others = classroom.said(book, PROCESSES.format(uid=other.stat().st_uid))
    said = {what: classroom.said(book, code.format(**places)) for what, code in ATTEMPTS.items()}
    book.close()
    if hub.accounts:
        assert int(others) >= 2  # a server and a kernel, or there was nothing to read
        assert {what: answer for what, answer in said.items() if "Permission denied" not in answer} == {}
    else:  # and whoever starts it is told so
        assert said["another's exercise"] == "" and "students are not kept apart" in hub.log.read_text()


def test_an_update_overwrites_nothing(hub, ada):
    book = ada.open(EXERCISE)
    classroom.write_and_save(book, "my own answer")
    book.close()
    for name, text in ((EXERCISE, "a better question"), (OTHER_LECTURE, "a better word")):
        notebook = nbformat.read(hub.handout / name, as_version=4)
        notebook.cells[0].source += text
        nbformat.write(notebook, hub.handout / name)
    ada.restart_server()
    copy = hub.copy_of("ada")
    (beside,) = copy.glob("exercises/*.new-*.ipynb")
    assert "my own answer" in (copy / EXERCISE).read_text() and "a better question" not in (copy / EXERCISE).read_text()
    assert "a better question" in beside.read_text()
    assert "a better word" in (copy / OTHER_LECTURE).read_text()


def test_only_this_machine_reaches_it_and_only_the_hub_its_secrets(hub, ada):
    tables = [Path("/proc/net", name).read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    listening = [row[1].split(":") for row in rows if row[3] == LISTENS]
    heard = {int(port, 16): address for address, port in listening if int(port, 16) in hub.ports}
    assert heard == dict.fromkeys(hub.ports, LOOPBACK)
    assert hub.private.stat().st_mode & 0o777 == 0o700
    assert (hub.private / "cookie_secret").stat().st_mode & 0o777 == 0o600
    assert hub.copy_of("ada").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("name", "secret"), [("ada", "no password of anybody"), ("..", None), ("Ada/../emmy", None)])
def test_a_wrong_password_or_a_name_that_is_a_path_is_refused(browser, hub, name, secret):
    page = browser.new_page()
    classroom.log_in(page, hub, name, secret or hub.passwords["ada"])
    assert "Invalid username or password" in page.inner_text(".login_error")
