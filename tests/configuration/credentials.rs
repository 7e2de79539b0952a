//! E-mail, password and secret.

use tconnectsync_heroku::config::{PumpSerial, Secret};

use super::SetUp;

#[test]
fn credentials_go_through_as_they_are() {
    let config = SetUp::complete()
        .with("TCONNECT_PASSWORD", " $HOME ${x} \"quoted\" # \\n ")
        .with("NS_SECRET", "'a secret in quotes'")
        .config();
    assert_eq!(
        config.tandem.password.expose(),
        " $HOME ${x} \"quoted\" # \\n "
    );
    assert_eq!(config.nightscout.secret.expose(), "'a secret in quotes'");
}

#[test]
fn blanks_and_quotes_around_credentials_are_remarked_upon_by_name() {
    let remarks = SetUp::complete()
        .with("TCONNECT_EMAIL", "ada@lovelace.test\n")
        .with("TCONNECT_PASSWORD", "“Analytical1!Engine”")
        .with("NS_SECRET", "\"difference-engine-no-2\" ")
        .remarks();
    let beginnings: Vec<&str> = remarks
        .iter()
        .filter_map(|remark| remark.split(',').next())
        .collect();
    assert_eq!(
        beginnings,
        [
            "WARN TCONNECT_EMAIL begins or ends with a space",
            "WARN TCONNECT_PASSWORD begins or ends with a quote",
            "WARN NS_SECRET begins or ends with a space",
            "WARN NS_SECRET begins or ends with a quote",
        ]
    );
}

#[test]
fn the_texts_of_examples_are_not_credentials() {
    let placeholders = [
        ("TCONNECT_EMAIL", "email@email.com"),
        ("TCONNECT_EMAIL", "you@example.com"),
        ("TCONNECT_EMAIL", "your_email"),
        ("TCONNECT_EMAIL", "<your e-mail>"),
        ("TCONNECT_PASSWORD", "password"),
        ("TCONNECT_PASSWORD", "your_password"),
        ("TCONNECT_PASSWORD", "'YOUR-TANDEM-PASSWORD'"),
        ("TCONNECT_PASSWORD", "changeme"),
        ("TCONNECT_PASSWORD", "xxxxxx"),
        ("TCONNECT_PASSWORD", "********"),
        ("NS_SECRET", "apisecret"),
        ("NS_SECRET", "your_nightscout_api_secret"),
    ];
    for (name, value) in placeholders {
        let problems = SetUp::complete().with(name, value).problems();
        assert_eq!(
            problems,
            [format!(
                "{name} still holds the example's text: replace it with your own"
            )],
            "{value}"
        );
    }
}

#[test]
fn unusual_credentials_are_not_taken_for_examples() {
    for password in [
        "Password1!",
        "yourpasswordisweak",
        "xxX7",
        "<3 insulin",
        "changeme2day",
    ] {
        let config = SetUp::complete()
            .with("TCONNECT_PASSWORD", password)
            .config();
        assert_eq!(config.tandem.password.expose(), password);
    }
}

#[test]
fn swapped_or_cut_off_credentials_are_remarked_upon() {
    let remarks = SetUp::complete()
        .with("TCONNECT_EMAIL", "Analytical1!Engine")
        .with("NS_SECRET", "difference")
        .remarks();
    assert_eq!(
        remarks,
        [
            "WARN TCONNECT_EMAIL has no @ in it: is it the account's e-mail address?",
            "WARN NS_SECRET is shorter than 12 characters, which no Nightscout site accepts as its API_SECRET: is it complete?",
        ]
    );
}

#[test]
fn a_token_pasted_with_its_name_from_an_address_is_remarked_upon() {
    for (name, value) in [
        ("NS_SECRET", "token=pump-0123456789abcdef"),
        ("NS_SECRET", " ?token=pump-0123456789abcdef"),
        ("API_SECRET", "token=pump-0123456789abcdef"),
    ] {
        let remarks = SetUp::complete()
            .without("NS_SECRET")
            .with(name, value)
            .remarks();
        let expected =
            format!("WARN {name} begins with token=: remove that, the token is what follows");
        assert!(remarks.contains(&expected), "{value}: {remarks:?}");
    }
}

#[test]
fn a_secret_does_not_print() {
    let secret = Secret::new("hunter2").expect("not empty");
    assert_eq!(format!("{secret:?} {secret:#?}"), "(redacted) (redacted)");
    assert_eq!(Secret::new(""), None);
}

#[test]
fn a_serial_number_prints_its_last_three_digits() {
    let serial = PumpSerial::new("90556043").expect("digits");
    assert_eq!(format!("{serial} {serial:?}"), "…043 …043");
    assert_eq!(serial.expose(), "90556043");
    assert_eq!(PumpSerial::new("7").expect("digits").to_string(), "…7");
}

#[test]
fn serial_numbers_are_digits_and_the_example_is_none() {
    let serial = |value| SetUp::complete().with("PUMP_SERIAL_NUMBER", value).load();
    let config = serial(" 90556043 ").expect("valid");
    assert_eq!(config.tandem.pump_serial, PumpSerial::new("90556043"));
    let config = serial("11111111").expect("valid");
    assert_eq!(config.tandem.pump_serial, None);
    for wrong in ["#90556043", "90 556 043", "90556043.0", "-1", "X2", "٣٤٥"] {
        let problems = serial(wrong).expect_err(wrong);
        assert_eq!(problems[0].about, "PUMP_SERIAL_NUMBER");
    }
}
