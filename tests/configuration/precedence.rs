//! Which of several values counts.

use tconnectsync_heroku::config::{Place, RegionChoice};

use super::SetUp;

fn region_of(set_up: &SetUp) -> RegionChoice {
    set_up.config().tandem.region
}

#[test]
fn command_line_then_environment_then_files_in_order_then_default() {
    let nothing = SetUp::complete();
    assert_eq!(region_of(&nothing), RegionChoice::Auto);
    let home = nothing.with_file("~/.env", "TCONNECT_REGION=US");
    assert_eq!(region_of(&home), RegionChoice::Us);
    let both_files = SetUp::complete()
        .with_file(".env", "TCONNECT_REGION=EU")
        .with_file("~/.env", "TCONNECT_REGION=US");
    assert_eq!(region_of(&both_files), RegionChoice::Eu);
    let environment = both_files.with("TCONNECT_REGION", "auto");
    assert_eq!(region_of(&environment), RegionChoice::Auto);
    let command_line = environment.with_arguments(&["--region", "us"]);
    assert_eq!(region_of(&command_line), RegionChoice::Us);
}

#[test]
fn a_blank_counts_as_not_set() {
    let set_up = SetUp::complete()
        .with("TCONNECT_REGION", " \t")
        .with("PUMP_SERIAL_NUMBER", "")
        .with_file(".env", "TCONNECT_REGION=EU");
    assert_eq!(region_of(&set_up), RegionChoice::Eu);
    assert_eq!(set_up.config().tandem.pump_serial, None);
}

#[test]
fn api_secret_stands_in_for_ns_secret_only_where_that_is_missing() {
    let both = SetUp::complete().with("API_SECRET", "some-other-secret");
    assert_eq!(
        both.config().nightscout.secret.expose(),
        "difference-engine-no-2"
    );
    let alone = both.without("NS_SECRET");
    assert_eq!(
        alone.config().nightscout.secret.expose(),
        "some-other-secret"
    );
    let in_a_file = alone.without("NS_URL").with_file(
        ".env",
        "NS_SECRET=secret-of-the-file\nNS_URL=https://site.example",
    );
    assert_eq!(
        in_a_file.config().nightscout.secret.expose(),
        "secret-of-the-file"
    );
}

#[test]
fn what_is_set_is_listed_with_its_place_in_the_order_of_the_table() {
    let set = SetUp::complete()
        .without("TCONNECT_EMAIL")
        .with_file(
            "~/.env",
            "NS_URL=http://elsewhere.test\nTCONNECT_EMAIL=ada@lovelace.test",
        )
        .with("AUTOUPDATE_MAX_LOOP_INVOCATIONS", "3")
        .with("UNRELATED", "x")
        .reading()
        .set_variables;
    let listed: Vec<(&str, &Place)> = set.iter().map(|it| (it.name.as_str(), &it.place)).collect();
    let environment = &Place::Environment;
    assert_eq!(
        listed,
        [
            ("TCONNECT_EMAIL", &Place::File("~/.env".to_owned())),
            ("TCONNECT_PASSWORD", environment),
            ("NS_URL", environment),
            ("NS_SECRET", environment),
            ("TIMEZONE_NAME", environment),
            ("AUTOUPDATE_MAX_LOOP_INVOCATIONS", environment),
        ]
    );
}

#[test]
fn account_and_site_from_two_files_are_remarked_upon() {
    let remarks = SetUp::empty()
        .with_file(
            "berta.env",
            "TCONNECT_EMAIL=b@b.test\nTCONNECT_PASSWORD='Str0ng enough'\nTIMEZONE_NAME=CET",
        )
        .with_file(
            "~/.config/tconnectsync/.env",
            "NS_URL=https://a.test\nNS_SECRET=a-long-enough-secret",
        )
        .remarks();
    assert_eq!(
        remarks,
        [
            "WARN Account and site are set in two files, berta.env and ~/.config/tconnectsync/.env: are both the same person's?"
        ]
    );
}

#[test]
fn leftovers_of_the_web_app_get_one_line_and_tconnectsyncs_one_for_debugging() {
    let remarks = SetUp::complete()
        .with("TCONNECTSYNC_HEROKU_SECRET", "abcdef")
        .with("TCONNECTSYNC_HEROKU_INTERVAL_MINS", "0")
        .with("AUTOUPDATE_USE_FIXED_SLEEP", "true")
        .with("ENABLE_TESTING_MODES", "true")
        .remarks();
    assert_eq!(
        remarks,
        [
            "WARN The web app's variables have no effect any more (TCONNECTSYNC_HEROKU_SECRET, TCONNECTSYNC_HEROKU_INTERVAL_MINS): \
             Heroku Scheduler or cron starts each run, and there is no page to protect. Remove them",
            "DEBUG tconnectsync's variables without a meaning here: AUTOUPDATE_USE_FIXED_SLEEP, ENABLE_TESTING_MODES",
        ]
    );
}

#[test]
fn what_kubernetes_says_of_services_beside_the_program_is_no_misspelling() {
    let links = [
        "NIGHTSCOUT_SERVICE_HOST",
        "NIGHTSCOUT_SERVICE_PORT",
        "NIGHTSCOUT_SERVICE_PORT_HTTP",
        "NIGHTSCOUT_PORT",
        "NIGHTSCOUT_PORT_80_TCP",
        "NIGHTSCOUT_PORT_80_TCP_PROTO",
        "NIGHTSCOUT_PORT_80_TCP_PORT",
        "NIGHTSCOUT_PORT_80_TCP_ADDR",
        "NS_MONGO_PORT_27017_UDP_ADDR",
        "TCONNECTSYNC_HEROKU_PORT",
    ];
    let set_up = |names: &[&str]| {
        names
            .iter()
            .fold(SetUp::complete(), |set_up, name| set_up.with(name, "x"))
    };
    assert_eq!(set_up(&links).remarks(), [""; 0]);
    let misspelt = ["NS_PORTS", "NS_PORT_HTTP", "NS_PORT_80_HTTP", "NS_SERVICE"];
    assert_eq!(set_up(&misspelt).remarks().len(), misspelt.len());
}

#[test]
fn a_misspelt_variable_is_named_with_the_nearest_unless_it_may_hold_a_value() {
    let remarks = SetUp::complete()
        .with("TCONNECTSYNC_HEROKU_FEATURE", "CGM")
        .with("NS_SOMETHING", "x")
        .with("PUMP_SERIAL_NUMBR", "x")
        .with("TIMEZONE", "of another program")
        .with_file(
            ".env",
            "TCONNECT_PASSWORDhunter=2\n\nNS_hunter2=x\nTCONNECT_EMIAL=x\nTIMEZONE=x\nns_url=x\nCOMPOSE_PROJECT_NAME=x",
        )
        .remarks();
    assert_eq!(
        remarks,
        [
            "WARN NS_SOMETHING is not a variable of this program: is it misspelt?",
            "WARN PUMP_SERIAL_NUMBR is not a variable of this program: did you mean PUMP_SERIAL_NUMBER?",
            "WARN TCONNECTSYNC_HEROKU_FEATURE is not a variable of this program: did you mean TCONNECTSYNC_HEROKU_FEATURES?",
            "WARN .env line 1 begins with TCONNECT_PASSWORD, but no = follows that name: is it misspelt?",
            "WARN .env line 3 sets a variable whose name begins like this program's but is none of them: is it misspelt?",
            "WARN .env line 4: TCONNECT_EMIAL is not a variable of this program: did you mean TCONNECT_EMAIL?",
            "WARN .env line 5: TIMEZONE is not a variable of this program: did you mean TIMEZONE_NAME?",
            "WARN .env line 6: ns_url is not a variable of this program: did you mean NS_URL?",
        ]
    );
}

#[test]
fn a_proxy_by_its_usual_name_is_not_read_from_a_file_of_its_own() {
    let set_up = SetUp::complete().with("HTTPS_PROXY_FILE", "/run/secrets/proxy");
    assert_eq!(
        set_up.remarks(),
        ["WARN HTTPS_PROXY_FILE is not read: write REQUESTS_PROXY_FILE"]
    );
}

#[test]
fn a_proxy_by_its_usual_name_in_a_file_does_not_count() {
    let remarks = SetUp::complete()
        .with_file(".env", "HTTPS_PROXY=http://proxy.test:3128")
        .remarks();
    assert_eq!(
        remarks,
        ["WARN HTTPS_PROXY counts in the environment only; in .env write REQUESTS_PROXY"]
    );
}
