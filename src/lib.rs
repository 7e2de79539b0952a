//! Copies a Tandem insulin pump's history from Tandem Source to Nightscout: runs once, then exits.
//!
//! A pass ([`pass::run`]) logs in to Tandem Source, asks for the pump's events of the last day (or of the days since the
//! newest document, after an outage), gives each event the instant at which it happened, turns the events into
//! Nightscout's documents, compares these with what the site holds, writes what is missing or has grown, and ends with one
//! summary line and an exit status. Something else starts it every ten minutes or so: Heroku Scheduler, cron, a timer.
//! No run relies on anything but what Nightscout holds, so a run may be repeated, late, killed, or be two at once.
//!
//! # The map
//!
//! A module knows only those above it.
//!
//! | module | what it is for |
//! |---|---|
//! | [`failure`] | what can go wrong, its exit status, and the advice printed with it |
//! | [`foreign`] | values in JSON of others, whose types change |
//! | [`named`] | enums whose variants have a name each |
//! | [`random`] | random numbers that nobody can guess |
//! | [`config`] | command line, environment and `.env` files as one typed [`config::Config`] |
//! | [`logging`] | the log on standard error |
//! | [`terminal`] | what standard output is shown on |
//! | [`progress`] | the line on a terminal that says what is done now |
//! | [`http`] | the one HTTP client: time limits, retries, and what may be said of an answer |
//! | [`signals`] | the signals that end a run early |
//! | [`state`] | what a disk, where there is one, keeps between runs |
//! | [`tandem`] | Tandem Source over HTTP: login, pumps, logs, as the service sends them |
//! | [`pump`] | the pump's history: typed events, their decoding, the pump's clock |
//! | [`nightscout`] | Nightscout over HTTP, and the documents written there |
//! | [`translate`] | events into documents, one file a feature |
//! | [`window`] | which span of time a run is about |
//! | [`reconcile`] | wanted documents against existing ones |
//! | [`report`] | the summary line and the JSON summary |
//! | [`pass`] | one pass, top to bottom: the place that joins both services |
//! | [`show`] | `--show`: what Nightscout holds, as a picture |
//! | [`page`] | `--report`: the last day and the run's outcome as a web page |
//! | [`doubles`] | `--remove-doubles` and `--restore`: mends a site that another uploader wrote to as well |
//! | [`capture`] | `--capture` and `--replay`: what the services answered, fit to be posted, and the pass against it |
//! | [`check`] | `--check-login`: everything that a pass needs, step by step, without writing |
//! | [`quiet`] | which failures a quiet run tells of |
//! | [`heartbeat`] | tells a monitoring service how the run ended |
//! | [`setup`] | `--setup`: asks for what a run needs, tries each answer, and writes the `.env` file |
//!
//! The functional core (`pump`, `translate`, `reconcile`, `window`) does no I/O and reads no clock: every decision is a
//! function of its arguments. Standard error carries the log, standard output the summary.

pub mod capture;
pub mod check;
pub mod config;
pub mod doubles;
pub mod failure;
mod foreign;
pub mod heartbeat;
pub mod http;
pub mod logging;
mod named;
pub mod nightscout;
pub mod page;
pub mod pass;
pub mod progress;
pub mod pump;
pub mod quiet;
mod random;
pub mod reconcile;
pub mod report;
pub mod setup;
pub mod show;
pub mod signals;
pub mod state;
pub mod tandem;
pub mod terminal;
pub mod translate;
pub mod window;
