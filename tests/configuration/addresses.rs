//! NS_URL and TCONNECT_BASE_URL.

use super::SetUp;

fn site(value: &str) -> SetUp {
    SetUp::complete().with("NS_URL", value)
}

#[test]
fn a_site_is_taken_with_or_without_slash_and_behind_a_path() {
    for (written, normalised) in [
        ("https://ada.test", "https://ada.test/"),
        (" https://ada.test/ ", "https://ada.test/"),
        ("HTTPS://Ada.Test", "https://ada.test/"),
        ("https://ada.test:8443", "https://ada.test:8443/"),
        ("https://ada.test/ns", "https://ada.test/ns/"),
        (
            "https://ada.test/api/violet",
            "https://ada.test/api/violet/",
        ),
        ("https://ada.test/ns//", "https://ada.test/ns/"),
        ("https://ada.test/?", "https://ada.test/"),
        ("https://ada.test#", "https://ada.test/"),
    ] {
        let set_up = site(written);
        assert_eq!(
            set_up.config().nightscout.url.as_str(),
            normalised,
            "{written}"
        );
        assert_eq!(set_up.remarks(), [""; 0], "{written}");
    }
}

#[test]
fn the_apis_path_at_the_end_is_left_out_with_a_remark() {
    for (written, normalised) in [
        ("https://ada.test/api/v1", "https://ada.test/"),
        ("https://ada.test/api/v1/", "https://ada.test/"),
        (
            "https://ada.test/ns/api/v1/entries.json",
            "https://ada.test/ns/",
        ),
        ("https://ada.test/api/v3", "https://ada.test/"),
    ] {
        let set_up = site(written);
        assert_eq!(set_up.config().nightscout.url.as_str(), normalised);
        assert_eq!(
            set_up.remarks(),
            [
                "INFO NS_URL ends in the API's path, which is left out: only the site's address is needed"
            ]
        );
    }
}

#[test]
fn an_address_that_cannot_be_meant_says_what_to_write() {
    for (written, what) in [
        ("ada.test", "does not begin with https://"),
        ("ada.test:1337", "does not begin with https://"),
        ("localhost:1337", "does not begin with https://"),
        ("https:/ada.test", "does not begin with https://"),
        ("ftp://ada.test", "must begin with https://"),
        ("https://https://ada.test", "begins with https:// twice"),
        ("https://", "is not a valid address"),
        ("https://ada test", "is not a valid address"),
        ("https://<your site>", "is not a valid address"),
        (
            "https://ada.test?token=ada-0123456789abcdef",
            "belongs in NS_SECRET",
        ),
        ("https://ada.test/#top", "goes on with a #"),
        ("https://secret@ada.test/api/v1", "belongs in NS_SECRET"),
        ("https://ada:pass@ada.test", "belongs in NS_SECRET"),
        ("https://yournightscouturl/", "example's text"),
        ("https://mynightscouturl.herokuapp.com", "example's text"),
        ("https://your-site.example.com", "example's text"),
    ] {
        let problems = site(written).problems();
        assert_eq!(problems.len(), 1, "{written}: {problems:?}");
        assert!(problems[0].starts_with("NS_URL "), "{problems:?}");
        assert!(problems[0].contains(what), "{written}: {problems:?}");
    }
}

#[test]
fn plain_http_is_free_at_home_and_needs_leave_outside() {
    for loopback in [
        "127.0.0.1:1337",
        "127.8.8.8",
        "localhost:1337",
        "[::1]",
        "ns.localhost",
    ] {
        assert_eq!(
            site(&format!("http://{loopback}")).remarks(),
            [""; 0],
            "{loopback}"
        );
    }
    for private in [
        "10.0.0.5",
        "172.16.0.1",
        "172.31.255.1",
        "192.168.1.20:1337",
        "169.254.1.1",
        "[fd12::1]",
        "[fe80::1]",
        "nightscout",
        "raspberry.local",
        "[::ffff:10.0.0.5]",
    ] {
        let remarks = site(&format!("http://{private}/ns")).remarks();
        assert_eq!(
            remarks,
            ["WARN NS_URL is plain http: others in the same network can read what is sent"],
            "{private}"
        );
    }
    for public in [
        "ada.test",
        "8.8.8.8",
        "172.32.0.1",
        "11.0.0.1",
        "[2001:db8::1]",
        "10.0.0.5.evil.test",
        "notlocal.test",
    ] {
        let set_up = site(&format!("http://{public}"));
        let problems = set_up.problems();
        assert!(
            problems[0].contains("set NS_ALLOW_INSECURE_HTTP=true"),
            "{public}: {problems:?}"
        );
        let allowed = set_up.with("NS_ALLOW_INSECURE_HTTP", "yes");
        let remarks = allowed.remarks();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(
            remarks[0].starts_with("WARN NS_URL is plain http"),
            "{remarks:?}"
        );
    }
}

#[test]
fn quotes_around_an_address_are_left_out_with_a_remark() {
    let set_up = site("\"https://ada.test\"");
    assert_eq!(set_up.config().nightscout.url.as_str(), "https://ada.test/");
    assert_eq!(
        set_up.remarks(),
        ["WARN NS_URL has quotes around its value; they are left out. Remove them"]
    );
}

#[test]
fn tandems_stand_in_is_an_origin_by_https_or_on_this_machine() {
    let base = |value: &str| SetUp::complete().with("TCONNECT_BASE_URL", value);
    for (written, level) in [
        ("http://127.0.0.1:8080", "INFO"),
        ("http://localhost:8080/", "INFO"),
        ("https://relay.test", "WARN"),
    ] {
        let set_up = base(written);
        let url = set_up.config().tandem.base_url.expect("set");
        assert_eq!(url.path(), "/");
        assert!(set_up.remarks()[0].starts_with(level), "{written}");
    }
    for (written, what) in [
        ("http://relay.test", "must begin with https://"),
        ("http://192.168.1.1", "must begin with https://"),
        ("https://relay.test/tandem", "without a path"),
        ("https://relay.test?x=1", "goes on with a ?"),
        ("relay.test", "does not begin with"),
    ] {
        let problems = base(written).problems();
        assert!(
            problems[0].starts_with("TCONNECT_BASE_URL "),
            "{problems:?}"
        );
        assert!(problems[0].contains(what), "{written}: {problems:?}");
    }
}
