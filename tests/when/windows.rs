//! `schedule`: outside of its windows nothing is written. What clocks do to windows is tested beside the code.

use super::{WEB, holds, running};
use crate::running::Running;
use crate::support::{Estate, run, tagalong};
use jiff::Timestamp;
use tagalong_testkit::clock::Clock;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// Open for one second of each leap year.
const SHUT: &str = "  schedule: [{cron: \"59 3 29 2 *\", timeZone: Europe/Paris, window: 1s}]\n";
const OPEN: &str = "  schedule: [{cron: \"* * * * *\", window: 2m}]\n";

fn shop(extra: &str) -> Estate {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.object("fleet.yaml", &estate.automation(extra));
    estate
}

#[test]
fn outside_of_the_window_nothing_is_written_and_plan_says_when() {
    let estate = shop(SHUT);
    let tip = estate.repo.rev("main");
    let ran = estate.once().expect(0);
    let says = "WindowClosed: 1 field in 1 file not written yet: no window of the schedule is open before 20";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    assert!(ran.stderr.contains("not written yet, WindowClosed: no window"), "{}", ran.stderr);
    assert_eq!(estate.repo.rev("main"), tip);
    let plan = estate.run("plan", &["-o", "json", "--exit-code"]).expect(1).json();
    let repository = &plan["repositories"][0];
    assert_eq!(repository["edits"].as_array().map(Vec::len), Some(1), "{plan}");
    let waits = &repository["waits"][0];
    assert_eq!((&waits["automation"], &waits["reason"]), (&"default/fleet".into(), &"WindowClosed".into()));
    // In Paris it is an hour later than in Greenwich in February.
    assert!(waits["until"].as_str().unwrap().ends_with("-02-29T02:59:00Z"), "{plan}");
    let text = estate.run("plan", &[]).expect(0);
    assert!(text.stdout.contains(":1.1.0 #") && text.stderr.contains("WindowClosed"), "{}", text.stderr);
    let explained = estate.run("explain", &[]).expect(0).stdout;
    assert!(
        explained.contains("waits WindowClosed: no window of the schedule is open before"),
        "{explained}"
    );
}

#[test]
fn within_the_window_it_is_written_and_an_opened_window_is_seen_at_once() {
    let estate = shop(SHUT);
    let mut running = running(&estate);
    running.until("WindowClosed");
    estate.object("fleet.yaml", &estate.automation(OPEN));
    running.until("pushed commit");
    holds(&estate, "1.1.0");
}

/// Ten in the morning of tomorrow, in seconds since 1970.
fn ten_tomorrow() -> i64 {
    (Timestamp::now().as_second() / 86_400 + 1) * 86_400 + 36_000
}

#[test]
fn in_the_moment_in_which_the_window_opens_what_waited_becomes_one_commit() {
    need!(Part::Faketime);
    let estate = shop("  schedule: [{cron: \"0 10 * * *\", window: 1h}]\n");
    let opens = ten_tomorrow();
    let ahead = opens - 8 - Timestamp::now().as_second();
    let clock = Clock::new(&format!("+{ahead}s")).unwrap();
    let mut command = tagalong(estate.folder(), &["run", "objects", "--state", "state"]);
    clock.wind(&mut command);
    let mut running = Running::start(command);
    running.until("WindowClosed");
    running.until("pushed commit");
    holds(&estate, "1.1.0");
    let made: i64 = estate.repo.git(&["log", "-1", "--format=%ct", "main"]).unwrap().trim().parse().unwrap();
    assert!((opens..opens + 240).contains(&made), "{made} is not just after {opens}");
}

#[test]
fn a_field_that_is_as_it_should_be_waits_for_nothing() {
    let estate = shop(OPEN);
    estate.once().expect(0);
    holds(&estate, "1.1.0");
    estate.object("fleet.yaml", &estate.automation(SHUT));
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("up to date") && !ran.stdout.contains("WindowClosed"), "{}", ran.stderr);
}

#[test]
fn a_schedule_that_cannot_be_read_or_never_opens_is_told() {
    let check = |schedule: &str, code: &str, words: &str| {
        let estate = shop(&format!("  schedule: [{schedule}]\n"));
        let linted = run(estate.folder(), &["lint", "objects"]).expect(1);
        assert!(linted.stdout.contains(code) && linted.stdout.contains(words), "{}", linted.stdout);
    };
    check("{cron: \"0 0 30 2 *\", window: 1h}", "never-opens", "no window will ever open");
    check("{cron: \"0 0 * *\", window: 1h}", "InvalidSchedule", ".spec.schedule[0].cron");
    check("{cron: \"0 0 * * *\", window: 1h, timeZone: Mars}", "InvalidSchedule", "'Mars' is no time zone");
    let estate = shop("  schedule: [{cron: \"0 0 * *\", window: 1h}]\n");
    let ran = estate.once().expect(1);
    assert!(ran.stdout.contains("InvalidSchedule"), "{}", ran.stdout);
}
