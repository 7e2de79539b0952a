//! What a capture may hold: the properties whose values are kept, each with what it holds, and the words that may be shown. Of any
//! other property it has the name and the type, but not the value.

use crate::nightscout::document::EventType;
use crate::tandem;

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// More properties, or a list of such objects.
    Properties,
    /// Objects under names that a person gave.
    Named,
    /// A number, also as text, that says nothing about a person.
    Number,
    /// Yes or no.
    Flag,
    /// A time, as text.
    Time,
    /// Milliseconds since 1970.
    Millis,
    /// The id of a person, a pump, a document or a session; each gets an alias.
    Id,
    /// A pump's serial number.
    Serial,
    /// The `_id` of a document.
    ObjectId,
    /// The identifier of a document.
    Identifier,
    /// The claims of a login.
    Jwt,
    /// A name that a person gave; each gets an alias.
    Name,
    /// The name of a time zone.
    Zone,
    /// One of the [`WORDS`].
    Word,
    /// A text that this program wrote.
    OurText,
    /// A version: digits and dots.
    Version,
    /// A time of the day, or numbers joined by commas.
    Digits,
}

use Holds::{
    Digits, Flag, Id, Identifier, Jwt, Millis, Name, Named, Number, ObjectId, OurText, Properties,
    Serial, Time, Version, Word, Zone,
};

/// The properties in Tandem Source's answers, except those of events.
#[rustfmt::skip]
const TANDEM: &[(&str, Holds)] = &[
    // Login and token.
    ("status", Word), ("token_type", Word), ("access_token", Id), ("id_token", Jwt), ("expires_in", Number),
    ("pumperId", Id), ("accountId", Id),
    // The account and its pumps.
    ("pumps", Properties), ("devices", Properties), ("account", Properties), ("role", Word), ("assignmentId", Id),
    ("serialNumber", Serial), ("modelName", Word), ("softwareVersion", Version), ("algorithm", Word),
    ("availableDataRange", Properties), ("start", Time), ("end", Time), ("maxDateOfEvents", Time),
    ("lastUploadDate", Time), ("settings", Properties), ("details", Properties), ("profiles", Properties),
    ("profile", Properties), ("activeIdp", Number), ("idp", Number), ("name", Name), ("insulinDuration", Number),
    ("timeDependentSegments", Properties), ("startTime", Number), ("basalRate", Number), ("isf", Number),
    ("carbRatio", Number), ("targetBg", Number),
    // The logs.
    ("events", Properties), ("clockChanges", Properties), ("eventCode", Number), ("sequenceGroup", Number),
    ("sequenceNumber", Number), ("pumpDateTime", Time), ("estimatedDateTime", Time), ("deviceAssignmentId", Id),
];

/// The properties in Nightscout's answers.
#[rustfmt::skip]
const NIGHTSCOUT: &[(&str, Holds)] = &[
    // The site.
    ("status", Word), ("version", Version), ("serverTime", Time), ("serverTimeEpoch", Millis), ("apiEnabled", Flag),
    ("careportalEnabled", Flag), ("settings", Properties), ("units", Word),
    ("message", Properties), ("isAdmin", Flag), ("rolefound", Word), ("canRead", Flag), ("canWrite", Flag),
    // Documents.
    ("_id", ObjectId), ("identifier", Identifier), ("eventType", Word), ("created_at", Time), ("enteredBy", Name),
    ("pump_event_id", Digits), ("utcOffset", Number), ("insulin", Number), ("carbs", Number), ("absolute", Number),
    ("rate", Number), ("percent", Number), ("duration", Number), ("enteredinsulin", Number), ("splitNow", Number),
    ("splitExt", Number), ("relative", Number), ("glucose", Number), ("glucoseType", Word), ("automatic", Flag),
    ("isAnnouncement", Flag), ("profile", Name), ("boluscalc", Properties), ("targetBGLow", Number),
    ("targetBGHigh", Number), ("isf", Number), ("ic", Number), ("iob", Number), ("bg", Number),
    ("insulincarbs", Number), ("insulinbg", Number), ("othercorrection", Number), ("reason", OurText),
    ("notes", OurText),
    // Entries and device statuses.
    ("type", Word), ("sgv", Number), ("date", Millis), ("mills", Millis), ("dateString", Time), ("sysTime", Time),
    ("direction", Word), ("device", Name), ("pump", Properties), ("clock", Time), ("reservoir", Number),
    ("reservoir_display_override", OurText), ("battery", Properties), ("voltage", Number), ("timestamp", Time),
    ("suspended", Flag),
    // Profiles.
    ("store", Named), ("defaultProfile", Name), ("startDate", Time), ("dia", Number), ("carbs_hr", Number),
    ("delay", Number), ("carbratio", Properties), ("sens", Properties), ("basal", Properties),
    ("target_low", Properties), ("target_high", Properties), ("time", Digits), ("timeAsSeconds", Number),
    ("value", Number), ("timezone", Zone),
];

/// What a property in a service's answers holds; `None` if it is not known.
pub(super) fn holds(service: &str, name: &str) -> Option<Holds> {
    let table = match service {
        tandem::NAME => TANDEM,
        _ => NIGHTSCOUT,
    };
    let row = table.iter().find(|(known, _)| *known == name);
    row.map(|(_, holds)| *holds)
}

/// Whether a service's answers are known to have a property of this name.
pub(super) fn is_known_anywhere(name: &str) -> bool {
    let mut known = TANDEM.iter().chain(NIGHTSCOUT);
    known.any(|(known, _)| *known == name)
}

/// Whether a property of this name holds objects by names that a person gave.
pub(super) fn is_of_named(name: &str) -> bool {
    let mut known = TANDEM.iter().chain(NIGHTSCOUT);
    known.any(|row| *row == (name, Named))
}

/// Texts that may be shown.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "SUCCESS", "normal", "suspended", "ERROR", "ok", "OK", "FOUND", "NOTFOUND", "UNAUTHORIZED", "Bearer",
    "pumper", "guardian", "personal_guardian", "personal_pumper",
    // Pumps.
    "t:slim X2™ Insulin Pump", "t:slim X2 Insulin Pump", "t:slim X2", "Tandem Mobi™ System", "Tandem Mobi System", "Tandem Mobi",
    "Control-IQ", "Control-IQ+", "Basal-IQ", "None",
    // Units and kinds.
    "mg/dl", "mg/dL", "mmol", "mmol/l", "mmol/L", "Finger", "Sensor", "Manual",
    "sgv", "mbg", "cal", "rawbg", "NONE", "TripleUp", "DoubleUp", "SingleUp", "FortyFiveUp", "Flat", "FortyFiveDown", "SingleDown",
    "DoubleDown", "TripleDown", "NOT COMPUTABLE", "RATE OUT OF RANGE",
    // The event types that Nightscout has beside ours.
    "Snack Bolus", "Carb Correction", "Bolus Wizard", "Announcement", "Question", "Pump Battery Change",
    "Sensor Change", "Temp Basal Start", "Temp Basal End", "Temporary Target", "Temporary Override", "OpenAPS Offline",
    "D.A.D. Alert", "SMB", "Bolus", "Carbs", "<none>",
];

/// Whether a text may be shown.
pub(super) fn is_word(text: &str) -> bool {
    let mut ours = EventType::ALL.iter().map(|event_type| event_type.name());
    WORDS.contains(&text) || ours.any(|name| name == text)
}

/// Programs that write to Nightscout: unlike persons, they may be named.
pub(super) const UPLOADERS: &[&str] = &[
    "Pump (tconnectsync)",
    "Loop",
    "Trio",
    "iAPS",
    "OpenAPS",
    "openaps",
    "AndroidAPS",
    "AAPS",
    "xDrip",
    "xDrip+",
    "xDrip4iOS",
    "Spike",
    "share2",
    "nightscout-connect",
    "nightscout-librelink-up",
    "nightscout-tandem",
    "tconnectsync",
    "tandem",
    "Nightscout",
    "CamAPS",
    "Juggluco",
    "Glooko",
];

/// The words in this program's and tconnectsync's notes and reasons.
const OF_OUR_TEXTS: &str = "
    override correction declined extended part start not recorded stopped aborted rejected by user alarm malfunction low glucose
    low-glucose suspend completed of over min rest delivered requested interrupted end reported bolus Phone Standard Extended
    Quick Automatic phone eating-soon Late Alarm Malfunction Cartridge Occlusion Pump reset Auto off Empty cartridge
    Temperature Battery shutdown Invalid date Altitude Stuck button Pressure removed Tubing Cannula fill filled U Sleep hand
    scheduled Exercise timer ran out unknown goes on session ended joined its is known again expires a day sensor 10-day Dexcom
    G6 G7 FreeStyle Libre CGM alert Fixed High Low Calibration Rise Rapid rise Fall fall error Sensor failed soon expired First
    Second start-up calibration required Transmitter battery Urgent Replace temperature Connection Check Reading unusable Grace
    period started ends Bluetooth unavailable Alert cleared when last heard insulin Very USB connection power Extremely Data
    Auto-off Maximum basal rate set the Minimum Power source Incomplete temp change tubing cannula setting still in progress
    transmitter restarting Device graph timed ID Button quick Basal-IQ reduced Control-IQ high maximum paired Automation
    Controller lost Pairing life Suspended Profile Temp and Shut down Algorithm algorithm profile suspended tempRate Unknown
    Stopped an as estimated from since IOB
    Units Bolus Correction Food Extended/Combo Standard/Correction Activated Completed Site Insulin Change Reservoir Prime
    Suspend Resume Resumed what tconnectsync wrote Terminated User Aborted now later given
";

/// Whether a text consists of these words, of dates, and of numbers that are too short to identify anything.
pub(super) fn is_our_text(text: &str) -> bool {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '/'));
    let known = |word: &str| {
        OF_OUR_TEXTS
            .split_ascii_whitespace()
            .any(|known| known == word)
    };
    let number = |word: &str| {
        let digits = word.trim_end_matches(['U', 'u', 'g']);
        digits.len() <= 10
            && digits.split('-').all(|part| part.len() <= 6)
            && digits.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    words
        .filter(|word| !word.is_empty())
        .all(|word| known(word) || number(word))
}

/// The parts of addresses that this program and Tandem's login use.
#[rustfmt::skip]
pub(super) const IN_PATHS: &[&str] = &[
    "api", "accounts", "login", "connect", "authorize", "callback", "token", "auth", "reports", "bff", "pumper", "pumpers",
    "pump-logs", "v1", "status.json", "treatments.json", "entries.json", "devicestatus.json", "profile.json", "verifyauth",
    "treatments", "entries", "devicestatus", "profile", "preview.json",
];

/// The kinds of content that may be shown.
const CONTENT_TYPES: &[&str] = &[
    "application/json",
    "application/problem+json",
    "text/html",
    "text/plain",
    "application/octet-stream",
    "text/xml",
    "application/xml",
];

/// The kind of content without its parameters; `other` for an unusual one.
pub(super) fn content_type(header: &str) -> &'static str {
    let kind = header
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let known = CONTENT_TYPES.iter().find(|known| **known == kind);
    known.copied().unwrap_or("other")
}

/// Whether the name of a property looks like a programmer's: letters only, perhaps with a number at the end.
pub(super) fn is_a_programmers(name: &str) -> bool {
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
    let letters = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$');
    begins && name.len() <= 40 && name.len() - word.len() <= 2 && word.chars().all(letters)
}

/// The keys of the queries of this program and of known logins.
#[rustfmt::skip]
pub(super) const QUERY_KEYS: &[&str] = &[
    "pumperId", "startDate", "endDate", "eventCodes", "count", "client_id", "response_type", "scope", "redirect_uri",
    "code_challenge", "code_challenge_method", "code", "state", "iss", "session_state", "error", "error_description",
    "returnUrl", "ReturnUrl",
];
