//! TIMEZONE_NAME and TZ.

use super::SetUp;

fn zone(value: &str) -> SetUp {
    SetUp::complete().with("TIMEZONE_NAME", value)
}

#[test]
fn iana_names_are_taken_in_capitals_or_not() {
    for (written, name) in [
        ("America/New_York", "America/New_York"),
        (" europe/berlin ", "Europe/Berlin"),
        ("US/Eastern", "US/Eastern"),
        ("GB", "GB"),
        ("EST5EDT", "EST5EDT"),
        ("UTC", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ] {
        let set_up = zone(written);
        assert_eq!(set_up.config().zone.name(), name);
        assert_eq!(set_up.remarks(), [""; 0]);
    }
}

#[test]
fn usual_mistakes_are_told_what_to_write() {
    for (written, what) in [
        ("America/New York", "write America/New_York"),
        ("America/NewYork", "write America/New_York"),
        ("new york", "write America/New_York"),
        ("Berlin", "write Europe/Berlin"),
        ("EST", "write America/New_York, or America/Panama if"),
        ("mst", "write America/Denver, or America/Phoenix if"),
        ("EDT", "write America/New_York"),
        ("Eastern", "write America/New_York"),
        ("Eastern Standard Time", "write America/New_York"),
        (
            "(UTC-06:00) Central Time (US & Canada)",
            "write America/Chicago",
        ),
        ("Central European Time", "write Europe/Berlin"),
        ("MESZ", "write Europe/Berlin"),
        ("PST", "write America/Los_Angeles"),
        ("BST", "write Europe/London"),
        ("AEST", "write Australia/Sydney"),
        ("GMT+2", "is a difference in hours"),
        ("UTC-05:00", "is a difference in hours"),
        ("+0100", "is a difference in hours"),
        ("nowhere", "write continent and city"),
        ("-", "write continent and city"),
    ] {
        let problems = zone(written).problems();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("TIMEZONE_NAME "), "{problems:?}");
        assert!(problems[0].contains(what), "{written}: {problems:?}");
    }
}

#[test]
fn tz_stands_in_where_it_names_a_zone() {
    let tz = |value: &str| SetUp::complete().without("TIMEZONE_NAME").with("TZ", value);
    for written in [
        "Europe/Berlin",
        ":Europe/Berlin",
        ":/usr/share/zoneinfo/Europe/Berlin",
    ] {
        let set_up = tz(written);
        assert_eq!(set_up.config().zone, chrono_tz::Europe::Berlin);
        assert_eq!(
            set_up.remarks(),
            ["INFO TIMEZONE_NAME is not set; TZ stands in for it"]
        );
    }
    for written in ["EST5EDT,M3.2.0,M11.1.0", "/etc/localtime", "<+01>-1"] {
        let problems = tz(written).problems();
        assert!(
            problems[0].starts_with("TIMEZONE_NAME is not set, and TZ, which stands in for it, "),
            "{problems:?}"
        );
    }
}

#[test]
fn a_servers_utc_is_taken_with_a_warning() {
    for utc in ["UTC", "Etc/UTC"] {
        let set_up = SetUp::complete().without("TIMEZONE_NAME").with("TZ", utc);
        assert_eq!(set_up.config().zone.name(), utc);
        assert!(set_up.remarks()[0].starts_with("WARN TIMEZONE_NAME is not set and TZ says UTC"));
    }
}

#[test]
fn without_a_zone_there_is_no_default() {
    let problems = SetUp::complete().without("TIMEZONE_NAME").problems();
    assert!(
        problems[0].starts_with("TIMEZONE_NAME is not set ("),
        "{problems:?}"
    );
}
