//! The optional variables.

use std::path::PathBuf;
use std::time::Duration;

use tconnectsync_heroku::config::{Cache, ProfileMode, ProfileUpload, RegionChoice, Verbosity};

use super::SetUp;

fn with(name: &str, value: &str) -> SetUp {
    SetUp::complete().with(name, value)
}

#[test]
fn defaults_are_tconnectsyncs() {
    let config = SetUp::complete().config();
    assert_eq!(
        config.profile,
        ProfileUpload {
            mode: ProfileMode::Add,
            carbs_hr: 20.0,
            delay: 20.0
        }
    );
    assert_eq!(
        config.cache,
        Cache {
            enabled: true,
            path: None
        }
    );
    assert!(!config.nightscout.skip_tls_verify);
    assert!(!config.ignore_zero_unit_basal);
    assert_eq!(config.max_catch_up_days, 30);
    assert_eq!(config.stale_after, None);
    let heartbeat = SetUp::complete().reading().heartbeat;
    assert!(heartbeat.success.is_none() && heartbeat.failure.is_none());
    assert!(config.proxy.is_none());
}

#[test]
fn regions_are_taken_by_country() {
    for (written, region) in [
        ("US", RegionChoice::Us),
        ("us", RegionChoice::Us),
        ("CA", RegionChoice::Us),
        ("MX", RegionChoice::Us),
        ("EU", RegionChoice::Eu),
        ("de", RegionChoice::Eu),
        ("GB", RegionChoice::Eu),
        ("UK", RegionChoice::Eu),
        ("AU", RegionChoice::Eu),
        ("NZ", RegionChoice::Eu),
        ("IL", RegionChoice::Eu),
        ("ZA", RegionChoice::Eu),
        ("Auto", RegionChoice::Auto),
    ] {
        assert_eq!(
            with("TCONNECT_REGION", written).config().tandem.region,
            region,
            "{written}"
        );
    }
    for wrong in ["XX", "JP", "USA", "Europe"] {
        let problems = with("TCONNECT_REGION", wrong).problems();
        assert!(
            problems[0].contains("write US (also for Canada"),
            "{problems:?}"
        );
    }
}

#[test]
fn switches_are_words_or_digits() {
    for (written, on) in [
        ("true", true),
        ("True", true),
        ("1", true),
        ("YES", true),
        ("on", true),
        ("false", false),
        ("FALSE", false),
        ("0", false),
        ("no", false),
        ("Off", false),
        ("'false'", false),
    ] {
        assert_eq!(
            with("IGNORE_ZERO_UNIT_BASAL", written)
                .config()
                .ignore_zero_unit_basal,
            on,
            "{written}"
        );
    }
    for name in [
        "IGNORE_ZERO_UNIT_BASAL",
        "NS_SKIP_TLS_VERIFY",
        "NS_ALLOW_INSECURE_HTTP",
        "CACHE_CREDENTIALS",
    ] {
        assert_eq!(
            with(name, "2").problems(),
            [format!("{name} must be true or false")]
        );
    }
}

#[test]
fn numbers_say_their_range() {
    for (name, wrong, range) in [
        ("TCONNECTSYNC_HEROKU_DEADLINE_SECS", "-1", "from 0 to 86400"),
        (
            "TCONNECTSYNC_HEROKU_DEADLINE_SECS",
            "8 minutes",
            "from 0 to 86400",
        ),
        (
            "TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS",
            "0",
            "from 1 to 366",
        ),
        (
            "TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS",
            "70000",
            "from 1 to 366",
        ),
        ("TCONNECTSYNC_HEROKU_STALE_HOURS", "1.5", "from 1 to 8760"),
        ("TCONNECTSYNC_HEROKU_QUIET_HOURS", "-1", "from 0 to 168"),
        ("NIGHTSCOUT_PROFILE_CARBS_HR_VALUE", "0", "from 1 to 500"),
        ("NIGHTSCOUT_PROFILE_DELAY_VALUE", "NaN", "from 0 to 240"),
    ] {
        assert_eq!(
            with(name, wrong).problems(),
            [format!("{name} must be a number {range}")]
        );
    }
    let config = with("TCONNECTSYNC_HEROKU_STALE_HOURS", "6")
        .with("NIGHTSCOUT_PROFILE_CARBS_HR_VALUE", "17.5")
        .config();
    assert_eq!(config.stale_after, Some(Duration::from_secs(6 * 3600)));
    assert_eq!(config.profile.carbs_hr, 17.5);
}

#[test]
fn a_profile_is_added_or_replaced() {
    let mode = with("NIGHTSCOUT_PROFILE_UPLOAD_MODE", "Replace")
        .config()
        .profile
        .mode;
    assert_eq!(mode, ProfileMode::Replace);
    assert_eq!(
        with("NIGHTSCOUT_PROFILE_UPLOAD_MODE", "both").problems(),
        ["NIGHTSCOUT_PROFILE_UPLOAD_MODE must be add or replace"]
    );
}

#[test]
fn heartbeats_and_proxies_are_web_addresses_and_secrets() {
    let reading = with("HEARTBEAT_URL", "https://hc.test/ping/0123")
        .with("HEARTBEAT_FAIL_URL", "http://hc.test/ping/0123/fail")
        .with("REQUESTS_PROXY", "ada:engine@proxy.test:3128")
        .reading();
    let exposed = |secret: Option<tconnectsync_heroku::config::Secret>| {
        secret.map(|it| it.expose().to_owned())
    };
    assert_eq!(
        exposed(reading.heartbeat.success).as_deref(),
        Some("https://hc.test/ping/0123")
    );
    assert_eq!(
        exposed(reading.heartbeat.failure).as_deref(),
        Some("http://hc.test/ping/0123/fail")
    );
    assert_eq!(
        exposed(reading.proxy.flatten()).as_deref(),
        Some("http://ada:engine@proxy.test:3128/")
    );
    for (name, wrong) in [
        ("HEARTBEAT_URL", "hc.test/ping"),
        ("HEARTBEAT_FAIL_URL", "mailto:ada@lovelace.test"),
        ("REQUESTS_PROXY", "socks5://proxy.test:1080"),
    ] {
        assert!(with(name, wrong).problems()[0].starts_with(&format!("{name} must be ")));
    }
}

#[test]
fn flags_choose_how_much_is_said() {
    for (arguments, verbosity) in [
        (&[][..], Verbosity::Normal),
        (&["-q"], Verbosity::Quiet),
        (&["-v"], Verbosity::Verbose),
        (&["-vv"], Verbosity::Debug),
        (&["-vvv", "--json", "--dry-run"], Verbosity::Debug),
    ] {
        let config = SetUp::complete().with_arguments(arguments).config();
        assert_eq!(config.verbosity, verbosity, "{arguments:?}");
        assert_eq!(config.pretend, arguments.contains(&"--dry-run"));
        assert_eq!(config.json, arguments.contains(&"--json"));
    }
}

#[test]
fn a_cache_path_is_not_expanded() {
    let cache = with("CACHE_CREDENTIALS_PATH", "/var/lib/t/token")
        .config()
        .cache;
    assert_eq!(cache.path, Some(PathBuf::from("/var/lib/t/token")));
    assert!(with("CACHE_CREDENTIALS_PATH", "~/token").problems()[0].contains("not expanded"));
}
