//! `--report`: the last day and the run's outcome as a web page, and as the summary of a job on GitHub Actions.

mod browser;

use std::path::Path;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tconnectsync_heroku::config::PageFiles;
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::nightscout::{Document, GlucoseUnits};
use tconnectsync_heroku::page::{self, Told};
use tconnectsync_heroku::report::day::Day;

use crate::arrangement::{Arrangement, Said, day_until_now};

const VARIABLE: &str = "TCONNECTSYNC_HEROKU_REPORT";

/// A home, and the program's run there.
fn run(arrangement: &Arrangement, arguments: &[&str]) -> (tempfile::TempDir, Said) {
    let home = tempfile::tempdir().expect("a home");
    let said = arrangement.program_at(home.path(), arguments);
    (home, said)
}

fn read(home: &Path, name: &str) -> String {
    std::fs::read_to_string(home.join(name)).expect("it was written")
}

/// What a page has in every case.
#[track_caller]
fn is_a_whole_page(page: &str) {
    assert!(
        page.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"),
        "{page}"
    );
    assert!(page.ends_with("</footer></body></html>"), "{page}");
    for foreign in [
        "<script", "<link", "<iframe", "@import", " src=", " href=", "url(",
    ] {
        assert!(!page.contains(foreign), "{foreign} in {page}");
    }
}

#[test]
fn a_run_leaves_a_page_with_its_outcome_and_the_day() {
    let mut arrangement = Arrangement::of(day_until_now(71));
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUS,CGM");
    let (home, said) = run(&arrangement, &["--report", "page.html"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let page = read(home.path(), "page.html");
    is_a_whole_page(&page);
    for part in [
        "<h1 class=\"good\">✓ The run of ",
        " went well</h1>",
        said.out.trim_end(),
        "<svg viewBox=",
        "<circle class=\"in-range\"",
        "<rect class=\"rate\"",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    // The totals are those of --show. Both end with the minute in which they run, so only a page between two equal ones counts.
    let basal_shown = || {
        let shown = arrangement.program(&["--show"]);
        let totals = shown.out.lines().find(|line| line.starts_with("Totals"));
        let totals = totals.expect("totals").replace(['+', '='], "");
        let (basal, _) = totals.split_once(" U").expect("basal");
        basal.rsplit(' ').next().expect("a number").to_owned()
    };
    let (basal, page) = loop {
        let before = basal_shown();
        let (home, said) = run(&arrangement, &["--report", "page.html"]);
        assert_eq!(said.status, Some(0), "{said:#?}");
        if basal_shown() == before {
            break (before, read(home.path(), "page.html"));
        }
    };
    let cell = format!("<th scope=\"row\">Basal</th><td>{basal} U</td>");
    assert!(page.contains(&cell), "{cell} in {page}");
    let left = std::fs::read_dir(home.path()).expect("a directory");
    let names: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().contains(".new"))
    );
}

#[test]
fn a_failing_run_says_so_on_the_page_that_was_there() {
    let home = tempfile::tempdir().expect("a home");
    let mut arrangement = Arrangement::of(day_until_now(72));
    arrangement.set(VARIABLE, "page.html");
    arrangement.set("CACHE_CREDENTIALS", "false");
    let page = |arrangement: &Arrangement, status| {
        let said = arrangement.program_at(home.path(), &["-q"]);
        assert_eq!(said.status, Some(status), "{said:#?}");
        let page = read(home.path(), "page.html");
        is_a_whole_page(&page);
        page
    };
    assert!(page(&arrangement, 0).contains("went well"));
    arrangement.set("TCONNECT_PASSWORD", "mistyped");
    let rejected = page(&arrangement, 77);
    assert!(rejected.contains("failed (status 77: "), "{rejected}");
    assert!(rejected.contains("Check TCONNECT_EMAIL"), "{rejected}");
    assert!(rejected.contains("<svg "), "the site answers: {rejected}");
    arrangement.set("NS_SECRET", "somebody-elses");
    let without = page(&arrangement, 77);
    // Each rejection delays later calls.
    assert_eq!(arrangement.nightscout.auth_failures(), 1);
    assert!(
        without.contains("Nightscout could not be read"),
        "{without}"
    );
    arrangement.variables.remove("NS_URL");
    let unset = page(&arrangement, 78);
    assert!(unset.contains("NS_URL is not set"), "{unset}");
    for secret in arrangement.secrets() {
        assert!(!rejected.contains(&secret) && !without.contains(&secret));
    }
}

#[test]
fn a_run_that_only_pretends_leaves_the_usual_page_alone() {
    let mut arrangement = Arrangement::of(day_until_now(73));
    arrangement.set(VARIABLE, "page.html");
    let (home, said) = run(&arrangement, &["--pretend"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(!home.path().join("page.html").exists());
    let (home, _) = run(&arrangement, &["--pretend", "--report", "other.html"]);
    assert!(read(home.path(), "other.html").contains("Would upload "));
}

#[test]
fn a_page_that_cannot_be_written_fails_the_run_and_is_said() {
    let arrangement = Arrangement::of(day_until_now(74));
    let (_home, said) = run(&arrangement, &["-q", "--report", "nowhere/page.html"]);
    assert_eq!(said.status, Some(75), "{said:#?}");
    let line = "error: The report nowhere/page.html could not be written (";
    assert!(said.log.starts_with(line), "{said:#?}");
    assert!(!said.log.contains(".new"), "{said:#?}");
    assert!(arrangement.nightscout.writes() > 0);
}

#[test]
fn a_job_on_github_gets_a_summary_with_the_day_in_a_private_repository_alone() {
    let mut arrangement = Arrangement::of(day_until_now(75));
    arrangement.set("GITHUB_STEP_SUMMARY", "summary.md");
    arrangement.set("GITHUB_EVENT_PATH", "event.json");
    let home = tempfile::tempdir().expect("a home");
    let summary = |repository: Value| {
        let event = json!({"repository": repository});
        std::fs::write(home.path().join("event.json"), event.to_string()).expect("written");
        let said = arrangement.program_at(home.path(), &[]);
        assert_eq!(said.status, Some(0), "{said:#?}");
        let summary = read(home.path(), "summary.md");
        std::fs::remove_file(home.path().join("summary.md")).expect("removed");
        summary
    };
    for private in [
        json!({"private": true}),
        json!({"private": true, "visibility": "private"}),
    ] {
        let private = summary(private);
        assert!(private.starts_with("## The run of "), "{private}");
        for part in [
            "| --- | --- |\n| Basal | ",
            "\n```text\n",
            "U/h │",
            "Totals   basal ",
        ] {
            assert!(private.contains(part), "{part} in {private}");
        }
    }
    for other in [
        json!({"private": false}),
        json!({"private": null}),
        // Everybody in the enterprise sees an internal one, of which GitHub says that it is private too.
        json!({"private": true, "visibility": "internal"}),
        json!({"private": true, "visibility": null}),
        json!({"private": false, "visibility": "public"}),
    ] {
        let public = summary(other);
        assert!(public.contains("went well"), "{public}");
        assert!(
            !public.contains("U/h") && !public.contains("Basal |"),
            "{public}"
        );
    }
}

/// A morning with everything in it, for pages that no run made.
fn told() -> Told {
    let start: DateTime<Utc> = "2026-11-19T17:00:00Z".parse().expect("a time");
    let minute = |minute: i64| start + Duration::minutes(minute);
    let object = |value: Value| -> Document { value.as_object().cloned().expect("an object") };
    let mut treatments: Vec<Document> = (0..288)
        .filter(|index| !(100..120).contains(index))
        .map(|index| {
            let rate = if index % 40 < 6 { 0.0 } else { 0.8 + f64::from(index % 7) / 10.0 };
            let at = minute(i64::from(index) * 5).to_rfc3339();
            object(json!({"eventType": "Temp Basal", "created_at": at, "duration": 5, "absolute": rate}))
        })
        .collect();
    for (at, insulin, carbs) in [
        (30, 4.25, 45),
        (260, 6.5, 80),
        (270, 1.2, 10),
        (700, 0.0, 15),
        (1435, 12.75, 120),
    ] {
        let at = minute(at).to_rfc3339();
        treatments.push(object(json!({"eventType": "Meal Bolus", "created_at": at, "insulin": insulin, "carbs": carbs})));
    }
    treatments.push(object(json!({"eventType": "Combo Bolus", "created_at": minute(150).to_rfc3339(), "insulin": 2, "relative": 1.5, "duration": 90})));
    treatments.push(object(
        json!({"eventType": "Site Change", "created_at": minute(60).to_rfc3339()}),
    ));
    let entries: Vec<Document> = (0..288)
        .filter(|index| !(30..50).contains(index))
        .map(|index| {
            let glucose = 150.0 + 110.0 * f64::sin(f64::from(index) / 17.0);
            let at = minute(i64::from(index) * 5).timestamp_millis();
            object(json!({"type": "sgv", "sgv": glucose.round(), "date": at}))
        })
        .collect();
    let end = start + Duration::hours(24);
    Told {
        now: end,
        zone: chrono_tz::America::New_York,
        status: ExitStatus::Unavailable,
        summary: Some("Uploaded 2 Temp Basal; 301 already there.".to_owned()),
        failure: Some("Nightscout: <img src=x onerror=alert(1)> & \"more\"".to_owned()),
        warnings: vec!["a `warning` with <b>signs</b> [of](Markdown)".to_owned()],
        day: Some((
            Day::read(&treatments, &entries, start, end),
            GlucoseUnits::MgDl,
        )),
    }
}

fn files(directory: &Path) -> PageFiles {
    let event = directory.join("event.json");
    std::fs::write(&event, r#"{"repository":{"private":true}}"#).expect("written");
    PageFiles {
        html: Some(directory.join("page.html")),
        job_summary: Some(directory.join("summary.md")),
        job_event: Some(event),
    }
}

#[test]
fn what_services_say_is_text_and_no_markup() {
    let directory = tempfile::tempdir().expect("a directory");
    page::write(&files(directory.path()), &told()).expect("written");
    let page = read(directory.path(), "page.html");
    for markup in ["<img", "<b>"] {
        assert!(!page.contains(markup), "{markup} in {page}");
    }
    assert!(
        page.contains("&lt;img src=x onerror=alert(1)&gt; &amp; "),
        "{page}"
    );
    let summary = read(directory.path(), "summary.md");
    assert!(
        summary.contains(r"a \`warning\` with &lt;b&gt;signs&lt;/b&gt; \[of\]\(Markdown\)"),
        "{summary}"
    );
}

#[test]
fn gaps_lows_highs_and_carbs_are_drawn() {
    let directory = tempfile::tempdir().expect("a directory");
    page::write(&files(directory.path()), &told()).expect("written");
    let page = read(directory.path(), "page.html");
    let count = |part: &str| page.matches(part).count();
    assert_eq!(count("class=\"gap\""), 2, "one of glucose, one of basal");
    assert!(count("class=\"low\"") > 5 && count("class=\"high\"") > 50);
    assert_eq!(count("class=\"bolus\""), 5);
    assert_eq!(count("<circle "), 268);
    assert!(page.contains("4.250 U") && page.contains("2.000 U + 2.250 U in 90 min"));
    assert!(page.contains("<td>Site Change</td>"));
}
