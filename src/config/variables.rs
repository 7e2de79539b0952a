//! The table of environment variables: the one place that names them all, for the help text, the README and app.json.

/// Whose variable it is, and so what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Both programs have it, with the same meaning.
    Tconnectsync,
    /// This program's own.
    Ours,
    /// Those of the web app that this program replaces: accepted, with a remark on what replaced them.
    WebApp,
    /// tconnectsync's, without an effect here: accepted silently.
    Ignored,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name; a trailing `*` stands for all names that begin so.
    pub name: &'static str,
    /// Whose it is.
    pub group: Group,
    /// Whether a run needs it (or, see `stands_in_for`, its stand-in).
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// The value that counts where none is set.
    pub default: Option<&'static str>,
    /// The variable in whose absence this one is read.
    pub stands_in_for: Option<&'static str>,
    /// What it says, in one line.
    pub about: &'static str,
}

impl Variable {
    const fn required(mut self) -> Variable {
        self.required = true;
        self
    }

    const fn secret(mut self) -> Variable {
        self.secret = true;
        self
    }

    const fn default(mut self, value: &'static str) -> Variable {
        self.default = Some(value);
        self
    }

    const fn stands_in_for(mut self, name: &'static str) -> Variable {
        self.stands_in_for = Some(name);
        self
    }

    /// Whether this row is about the variable called `name`.
    pub fn covers(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == self.name,
        }
    }

    /// Whether it does something in this program.
    pub(crate) fn is_of_use(&self) -> bool {
        matches!(self.group, Group::Tconnectsync | Group::Ours)
    }

    /// Whether it counts in a `.env` file too: the HTTP library reads some from the environment by itself.
    pub(crate) fn counts_in_a_file(&self) -> bool {
        !matches!(self.name, "HTTPS_PROXY" | "SSL_CERT_FILE")
    }

    /// Whether its value may be in a file that the variable `NAME_FILE` names.
    pub(crate) fn may_be_in_a_file(&self) -> bool {
        self.is_of_use()
            && self.counts_in_a_file()
            && !self.name.ends_with(['*'])
            && !self.name.ends_with("_FILE")
    }

    /// The row about the variable whose value is in the file that `name` names.
    pub(crate) fn of_file(name: &str) -> Option<&'static Variable> {
        let variable = Variable::named(name.strip_suffix("_FILE")?)?;
        variable.may_be_in_a_file().then_some(variable)
    }

    /// The row about the variable called `name`.
    pub fn named(name: &str) -> Option<&'static Variable> {
        VARIABLES.iter().find(|variable| variable.covers(name))
    }
}

const fn row(group: Group, name: &'static str, about: &'static str) -> Variable {
    Variable {
        name,
        group,
        required: false,
        secret: false,
        default: None,
        stands_in_for: None,
        about,
    }
}

const fn shared(name: &'static str, about: &'static str) -> Variable {
    row(Group::Tconnectsync, name, about)
}

const fn ours(name: &'static str, about: &'static str) -> Variable {
    row(Group::Ours, name, about)
}

const fn of_the_web_app(name: &'static str, about: &'static str) -> Variable {
    row(Group::WebApp, name, about)
}

const fn ignored(name: &'static str, about: &'static str) -> Variable {
    row(Group::Ignored, name, about)
}

/// Every variable, those first that a new user meets first.
pub static VARIABLES: &[Variable] = &[
    shared("TCONNECT_EMAIL", "E-mail address of the Tandem Source account").required().secret(),
    shared("TCONNECT_PASSWORD", "Password of the Tandem Source account").required().secret(),
    shared(
        "TCONNECT_REGION",
        "Where the account lives: US (also CA, MX), EU (or a country code such as DE, GB, AU), or auto, which tries both",
    )
    .default("auto"),
    shared("NS_URL", "Address of the Nightscout site, such as https://my-site.herokuapp.com")
        .required(),
    shared(
        "NS_SECRET",
        "The site's API_SECRET, or an access token that may read and write what the features need",
    )
    .required().secret(),
    shared("API_SECRET", "Used if NS_SECRET is not set").secret().stands_in_for("NS_SECRET"),
    shared(
        "TIMEZONE_NAME",
        "Time zone of the pump's clock by its IANA name, such as America/New_York or Europe/Berlin",
    )
    .required(),
    shared("TZ", "Used if TIMEZONE_NAME is not set").stands_in_for("TIMEZONE_NAME"),
    shared(
        "PUMP_SERIAL_NUMBER",
        "Copy only the pump with this serial number; not set: every pump of the account with new events",
    )
    .secret(),
    ours("TCONNECTSYNC_HEROKU_FEATURES", "What to copy: features by name, separated by commas")
        .default("BASAL,BOLUS"),
    ours(
        "TCONNECTSYNC_HEROKU_DEADLINE_SECS",
        "Stop a run after this many seconds, 0 for never; a run by dates has no limit unless this is set",
    )
    .default("480"),
    ours(
        "TCONNECTSYNC_HEROKU_MAX_CATCH_UP_DAYS",
        "After an outage, go back at most this many days, 1 to 366",
    )
    .default("30"),
    ours(
        "TCONNECTSYNC_HEROKU_STALE_HOURS",
        "End with status 75 if the pump's newest event is older than this many hours, 1 to 8760",
    ),
    ours(
        "TCONNECTSYNC_HEROKU_QUIET_HOURS",
        "With -q, report temporary failures (69, 75) only after they have lasted this many hours, 0 to 168",
    )
    .default("3"),
    ours(
        "TCONNECTSYNC_HEROKU_TRUST_TIMEZONE",
        "Go by TIMEZONE_NAME on an empty site, or with a new pump, even if the uploads suggest another zone",
    )
    .default("false"),
    ours(
        "HEARTBEAT_URL",
        "Web address to call after each successful run (healthchecks.io, UptimeRobot, ...)",
    )
    .secret(),
    ours("HEARTBEAT_FAIL_URL", "Web address to call after each failed run").secret(),
    ours(
        "TCONNECTSYNC_HEROKU_REPORT",
        "File for a web page with the last day and how the latest run ended, written after each run",
    ),
    shared("IGNORE_ZERO_UNIT_BASAL", "Leave out basal rates of 0 U/h").default("false"),
    shared(
        "NIGHTSCOUT_PROFILE_UPLOAD_MODE",
        "How PROFILES writes a changed profile: add a new one, or replace the current one (add, replace)",
    )
    .default("add"),
    shared(
        "NIGHTSCOUT_PROFILE_CARBS_HR_VALUE",
        "Carbs absorbed in an hour, in grams, for the profile; the pump does not know it",
    )
    .default("20"),
    shared(
        "NIGHTSCOUT_PROFILE_DELAY_VALUE",
        "Minutes until carbs begin to act, for the profile; the pump does not know it",
    )
    .default("20"),
    shared("NS_SKIP_TLS_VERIFY", "Do not check the certificate of the Nightscout site")
        .default("false"),
    ours(
        "NS_CA_FILE",
        "A file (PEM) with the private certificate authority of the Nightscout site, trusted as well as the machine's own list",
    ),
    ours(
        "NS_ALLOW_INSECURE_HTTP",
        "Allow plain http in NS_URL outside the home network; others can then read the secret",
    )
    .default("false"),
    shared(
        "CACHE_CREDENTIALS",
        "Keep Tandem's access token on disk between runs, where there is a disk",
    )
    .default("true"),
    shared(
        "CACHE_CREDENTIALS_PATH",
        "The file to keep it in; not set: one in ~/.cache/tconnectsync-heroku",
    ),
    shared("REQUESTS_PROXY", "HTTP proxy for all calls, such as http://proxy.example:3128")
        .secret(),
    shared(
        "HTTPS_PROXY",
        "The same by its usual name (with HTTP_PROXY and NO_PROXY), from the environment only",
    )
    .secret(),
    ours(
        "SSL_CERT_FILE",
        "A file (PEM) of the certificates to trust instead of the machine's own list (SSL_CERT_DIR: a directory), for all calls; \
         from the environment only",
    ),
    ours(
        "TCONNECT_BASE_URL",
        "For tests and demonstrations: one address that stands in for all of Tandem's",
    ),
    of_the_web_app(
        "TCONNECTSYNC_HEROKU_SECRET",
        "The web app's: there is no longer a page to protect",
    )
    .secret(),
    of_the_web_app(
        "TCONNECTSYNC_HEROKU_INTERVAL_MINS",
        "The web app's: Heroku Scheduler or cron sets the interval now",
    ),
    ignored("AUTOUPDATE_*", "tconnectsync's endless loop: here each run ends by itself"),
    ignored("FETCH_ALL_EVENT_TYPES", "Every event is fetched anyway"),
    ignored("NS_IGNORE_CONN_ERRORS", "A failed upload is always reported here"),
    ignored("SKIP_NS_LAST_UPLOADED_CHECK", "Existing data is always checked"),
    ignored("ENABLE_TESTING_MODES", "Every feature can be chosen here"),
];
