//! Which days, and how long a run may take.

use std::time::Duration;

use chrono::NaiveDate;
use clap::Parser;
use tconnectsync_heroku::config::Cli;
use tconnectsync_heroku::config::Span;

use super::SetUp;

fn run(arguments: &[&'static str]) -> SetUp {
    SetUp::complete().with_arguments(arguments)
}

fn may(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, day).expect("a day in May")
}

#[test]
fn a_run_copies_the_last_day_unless_told_otherwise() {
    assert_eq!(run(&[]).config().span, Span::Recent { days: 1 });
    assert_eq!(
        run(&["--days", "366"]).config().span,
        Span::Recent { days: 366 }
    );
}

#[test]
fn dates_are_whole_days_up_to_the_pumps_today() {
    let both = run(&["--start-date", "2026-05-01", "--end-date", "2026-05-14"]);
    let span = Span::Dates {
        first: may(1),
        last: may(14),
    };
    assert_eq!(both.config().span, span);
    let open = run(&["--start-date", "2026-05-01"]);
    assert_eq!(open.config().span, span);
    let berlin = open.with("TIMEZONE_NAME", "Europe/Berlin");
    assert_eq!(
        berlin.config().span,
        Span::Dates {
            first: may(1),
            last: may(15)
        }
    );
    let one_day = run(&["--start-date", "2026-05-14", "--end-date", "2026-05-14"]);
    assert_eq!(
        one_day.config().span,
        Span::Dates {
            first: may(14),
            last: may(14)
        }
    );
}

#[test]
fn days_that_cannot_be_meant_are_problems() {
    for (arguments, problem) in [
        (
            &["--start-date", "2026-05-15"][..],
            "--start-date lies in the future",
        ),
        (
            &["--start-date", "2026-05-01", "--end-date", "2026-05-15"],
            "--end-date lies in the future",
        ),
        (
            &["--start-date", "2026-05-03", "--end-date", "2026-05-02"],
            "--end-date lies before --start-date",
        ),
    ] {
        assert_eq!(run(arguments).problems(), [problem]);
    }
}

#[test]
fn a_wrong_command_line_is_refused() {
    for arguments in [
        &["--days", "0"][..],
        &["--days", "367"],
        &["--days", "2", "--start-date", "2026-05-01"],
        &["--end-date", "2026-05-01"],
        &["--start-date", "01.05.2026"],
        &["--start-date", "2026-02-30"],
        &["--start-date", "26-01-01"],
        &["--start-date", "12026-01-01"],
        &["--start-date=-262143-01-01"],
        &["--start-date=+2026-01-01"],
        &["--start-date", "2007-12-31"],
        &["-v", "-q"],
        &["--region", "Mars"],
        &["--auto-update"],
        &["something"],
    ] {
        let line = std::iter::once("tconnectsync-heroku").chain(arguments.iter().copied());
        let error = Cli::try_parse_from(line).expect_err("refused");
        assert_eq!(error.exit_code(), 2, "{arguments:?}");
    }
}

#[test]
fn a_refused_number_or_date_is_answered_with_what_to_write() {
    for (arguments, answer) in [
        (["--days", "400"], "write a number of days from 1 to 366"),
        (["--days", "a week"], "write a number of days from 1 to 366"),
        (
            ["--start-date", "26-01-01"],
            "write a date as YYYY-MM-DD, such as 2026-05-14",
        ),
        (
            ["--start-date", "1926-01-01"],
            "no pump's history begins before 2008-01-01",
        ),
    ] {
        let line = std::iter::once("tconnectsync-heroku").chain(arguments);
        let error = Cli::try_parse_from(line).expect_err("refused").to_string();
        assert!(error.contains(answer), "{arguments:?}: {error}");
    }
    assert_eq!(
        run(&["--start-date", "2008-01-01", "--end-date", "2008-01-01"])
            .config()
            .span,
        Span::Dates {
            first: NaiveDate::from_ymd_opt(2008, 1, 1).expect("a day"),
            last: NaiveDate::from_ymd_opt(2008, 1, 1).expect("a day"),
        }
    );
}

#[test]
fn a_run_has_eight_minutes_and_a_run_by_dates_as_long_as_it_takes() {
    let dates = ["--start-date", "2026-05-01"];
    let limit = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(run(&[]).config().deadline, limit(480));
    assert_eq!(run(&dates).config().deadline, None);
    let set = |value| run(&[]).with("TCONNECTSYNC_HEROKU_DEADLINE_SECS", value);
    assert_eq!(set("60").config().deadline, limit(60));
    assert_eq!(
        set("60").with_arguments(&dates).config().deadline,
        limit(60)
    );
    assert_eq!(set("0").config().deadline, None);
}
