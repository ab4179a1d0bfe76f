import os
import signal
import socket

import psutil

from tests.serve.supervisor.supervised import Supervised, eventually


def test_it_says_ready_when_the_appliance_answers(supervised: Supervised) -> None:
    supervisor = supervised.start_and_wait()
    state = supervised.place.state()
    assert state.pid == supervisor.pid
    assert state.url == f"http://127.0.0.1:{supervised.port}"
    supervisor.send_signal(signal.SIGTERM)
    said, _ = supervisor.communicate(timeout=30)
    assert "announced" in said


def test_a_stop_leaves_no_process_behind_and_exits_with_0(supervised: Supervised) -> None:
    supervisor = supervised.start_and_wait("orphan")
    eventually(lambda: len(supervised.remaining()) == 2)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(30) == 0
    assert supervised.remaining() == []
    assert supervised.place.state().phase == "stopped"


def test_an_appliance_that_ignores_the_request_to_stop_is_killed(supervised: Supervised) -> None:
    supervisor = supervised.start_and_wait("ignore-term")
    supervisor.send_signal(signal.SIGTERM)
    eventually(lambda: supervised.place.state().phase == "stopping")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0
    assert supervised.remaining() == []


def test_an_appliance_that_is_killed_is_started_again(supervised: Supervised) -> None:
    supervisor = supervised.start_and_wait()
    os.kill(supervised.starts()[0], signal.SIGKILL)
    eventually(lambda: len(supervised.starts()) == 2)
    eventually(lambda: supervised.place.state().phase == "ready")
    supervisor.send_signal(signal.SIGTERM)
    said, _ = supervisor.communicate(timeout=30)
    assert "killed by SIGKILL" in said
    assert said.count("announced") == 1


def test_what_a_killed_appliance_leaves_is_ended_before_the_next_start(
    supervised: Supervised,
) -> None:
    supervisor = supervised.start_and_wait("orphan")
    eventually(lambda: len(supervised.remaining()) == 2)
    before = {p.pid for p in supervised.remaining()}
    os.kill(supervised.starts()[0], signal.SIGKILL)
    eventually(lambda: len(supervised.starts()) == 2)
    assert not before & {p.pid for p in supervised.remaining()}
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0


def test_an_appliance_that_cannot_start_is_given_up(supervised: Supervised) -> None:
    supervisor = supervised.start("die-at-start")
    assert supervisor.wait(60) == 1
    assert len(supervised.starts()) == 2
    assert supervised.place.state().phase == "failed"
    assert "exit code 3" in supervised.place.state().detail


def test_an_appliance_that_says_failed_at_the_start_is_given_up(supervised: Supervised) -> None:
    supervisor = supervised.start("fail-at-start")
    assert supervisor.wait(60) == 1
    assert "small deploy_failed" in supervised.place.state().detail
    assert supervised.remaining() == []


def test_an_appliance_whose_models_have_all_failed_is_given_up_with_the_reason(
    supervised: Supervised,
) -> None:
    supervisor = supervised.start("no-model")
    assert supervisor.wait(60) == 1
    assert supervised.place.state().phase == "failed"
    assert "(small: The file is not there.)" in supervised.place.state().detail
    assert supervised.remaining() == []


def test_the_second_on_one_data_directory_says_so_and_stops(supervised: Supervised) -> None:
    first = supervised.start_and_wait()
    said, _ = (second := supervised.start()).communicate(timeout=30)
    assert second.returncode == 9
    assert said == f"Occupied {first.pid}\n"
    assert first.poll() is None
    assert len(supervised.starts()) == 1


def test_a_taken_port_is_said_at_once(supervised: Supervised) -> None:
    with socket.create_server(("127.0.0.1", supervised.port)):
        said, _ = supervised.start().communicate(timeout=30)
    assert said.startswith(f"CannotStart Port {supervised.port} cannot be used")
    assert "--port" in said
    assert supervised.starts() == []


def test_the_appliance_follows_a_supervisor_that_was_killed(supervised: Supervised) -> None:
    supervisor = supervised.start_and_wait()
    supervisor.kill()
    supervisor.wait(10)
    eventually(lambda: supervised.remaining() == [])
    assert supervised.place.supervisor() is None


def test_the_next_supervisor_ends_what_a_killed_one_left(supervised: Supervised) -> None:
    killed = supervised.start_and_wait("ignore-term", "orphan")
    killed.kill()
    killed.wait(10)  # until then it holds the data directory
    left = supervised.remaining()
    assert len(left) == 2
    supervisor = supervised.start_and_wait()
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in left)
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0


def test_what_the_appliance_prints_beside_its_states_is_only_in_the_log(
    supervised: Supervised,
) -> None:
    supervisor = supervised.start_and_wait()
    eventually(lambda: "standin: a line of the log" in supervised.place.last_words(20))
    eventually(lambda: "standin: not a state" in supervised.place.last_words(20))
    supervisor.send_signal(signal.SIGTERM)
    said, _ = supervisor.communicate(timeout=30)
    assert "standin" not in said


def test_an_appliance_that_fails_later_is_replaced(supervised: Supervised) -> None:
    supervisor = supervised.start_and_wait("fail-later")
    eventually(lambda: len(supervised.starts()) == 2)
    supervisor.send_signal(signal.SIGTERM)
    said, _ = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 0
    assert "The Ray head stopped." in said
