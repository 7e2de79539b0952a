//! What stands around the program says what the program does: app.json, Procfile, README and the guides.

mod release;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use tconnectsync_heroku::config::Feature;
use tconnectsync_heroku::config::variables::{Group, VARIABLES, Variable};
use tconnectsync_heroku::failure::ExitStatus;

const README: &str = include_str!("../README.md");
const HEROKU_GUIDE: &str = include_str!("../docs/heroku.md");
const SCHEDULERS_GUIDE: &str = include_str!("../docs/schedulers.md");
const GITHUB_WORKFLOW: &str = include_str!("../docs/sync.yml");
const CONTAINERFILE: &str = include_str!("../docs/Containerfile");
const APP_JSON: &str = include_str!("../app.json");
const PROCFILE: &str = include_str!("../Procfile");
const SLUGIGNORE: &str = include_str!("../.slugignore");
const CI: &str = include_str!("../.ci/run");
const EXECUTABLE: &str = "./target/release/tconnectsync-heroku";

#[track_caller]
fn holds(file: &str, text: &str, part: &str) {
    assert!(
        text.contains(part),
        "{file} should hold exactly this:\n\n{part}"
    );
}

fn is_of_use(variable: &Variable) -> bool {
    matches!(variable.group, Group::Tconnectsync | Group::Ours)
}

/// Those that a form asks for: not those that stand in for another, are for tests, name files, or are for all programs.
fn is_for_a_form(variable: &Variable) -> bool {
    const OTHERS: [&str; 5] = [
        "HTTPS_PROXY",
        "NS_CA_FILE",
        "SSL_CERT_FILE",
        "TCONNECT_BASE_URL",
        "TCONNECTSYNC_HEROKU_REPORT",
    ];
    is_of_use(variable)
        && variable.stands_in_for.is_none()
        && !OTHERS.contains(&variable.name)
        // Heroku keeps no disk between two runs.
        && !variable.name.starts_with("CACHE_")
}

fn markdown<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = line(&head.map(str::to_owned));
    table += &line(&head.map(|_| "---".to_owned()));
    for row in rows {
        table += &line(&row);
    }
    table
}

fn variables(wanted: impl Fn(&Variable) -> bool) -> String {
    let rows = VARIABLES
        .iter()
        .filter(|variable| wanted(variable))
        .map(|variable| {
            let default = variable.default.map(|value| format!("`{value}`"));
            [
                format!("`{}`", variable.name),
                default.unwrap_or_default(),
                variable.about.to_owned(),
            ]
        });
    markdown(["Variable", "Default", "Meaning"], rows)
}

#[test]
fn the_readme_lists_the_variables() {
    let required = VARIABLES.iter().filter(|variable| variable.required);
    let required =
        required.map(|variable| [format!("`{}`", variable.name), variable.about.to_owned()]);
    holds(
        "README.md",
        README,
        &markdown(["Variable", "Meaning"], required),
    );
    let optional = variables(|variable| !variable.required && is_of_use(variable));
    holds("README.md", README, &optional);
}

#[test]
fn the_heroku_guide_lists_the_leftovers() {
    let leftovers = VARIABLES.iter().filter(|variable| !is_of_use(variable));
    let rows =
        leftovers.map(|variable| [format!("`{}`", variable.name), variable.about.to_owned()]);
    let table = markdown(["Variable", "What became of it"], rows);
    holds("docs/heroku.md", HEROKU_GUIDE, &table);
}

#[test]
fn the_readme_lists_the_features() {
    let rows = Feature::ALL.into_iter().map(|feature| {
        let state = if feature.is_default() { "on" } else { "" };
        [
            format!("`{feature}`"),
            state.to_owned(),
            feature.uploads().to_owned(),
        ]
    });
    let table = markdown(["Feature", "Default", "What it copies"], rows);
    holds("README.md", README, &table);
}

#[test]
fn the_readme_lists_the_exit_statuses_and_helps_with_each() {
    let rows = ExitStatus::ALL
        .into_iter()
        .map(|status| [status.code().to_string(), status.meaning().to_owned()]);
    holds("README.md", README, &markdown(["Status", "Meaning"], rows));
    for status in ExitStatus::ALL {
        if status != ExitStatus::Done {
            holds("README.md", README, &format!("\n- **{}**, ", status.code()));
        }
    }
}

#[test]
fn the_readme_names_the_rust_version_that_cargo_asks_for() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    holds("README.md", README, &format!("Rust {version} or newer"));
}

#[test]
fn app_json_is_what_the_table_of_variables_makes_of_it() {
    let mut env = Vec::new();
    for variable in VARIABLES.iter().filter(|variable| is_for_a_form(variable)) {
        let default = variable
            .default
            .map_or(String::new(), |value| format!(" [default: {value}]"));
        let description = serde_json::Value::from(format!("{}{default}", variable.about));
        let mut entry = format!("    \"{}\": {{\n", variable.name);
        // Writing to a String cannot fail. A default stays out of `value`, which would freeze it in the app.
        let _ = write!(
            entry,
            "      \"description\": {description},\n      \"required\": {}\n    }}",
            variable.required
        );
        env.push(entry);
    }
    let expected = format!("  \"env\": {{\n{}\n  }}\n}}\n", env.join(",\n"));
    holds("app.json", APP_JSON, &expected);
}

#[test]
fn app_json_asks_heroku_for_a_scheduler_and_no_web_dyno() {
    let app: serde_json::Value = serde_json::from_str(APP_JSON).expect("JSON");
    assert_eq!(app["addons"], serde_json::json!(["scheduler:standard"]));
    assert_eq!(
        app["buildpacks"],
        serde_json::json!([{"url": "https://github.com/emk/heroku-buildpack-rust"}])
    );
    let processes: Vec<&str> = PROCFILE
        .lines()
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    let formation = app["formation"].as_object().expect("an object");
    for (process, scale) in formation {
        assert!(processes.contains(&process.as_str()), "{process}");
        assert_eq!(scale["quantity"], 0, "{process}");
    }
    assert!(!processes.contains(&"web"));
    assert_eq!(app["env"]["TIMEZONE_NAME"]["required"], true);
    assert!(app["env"]["TIMEZONE_NAME"].get("value").is_none());
}

#[test]
fn heroku_is_told_one_command_everywhere() {
    for line in PROCFILE.lines() {
        let (_, command) = line.split_once(": ").expect("a process type");
        assert_eq!(command.split(' ').next(), Some(EXECUTABLE), "{line}");
    }
    assert!(README.contains(&format!("command `{EXECUTABLE}`")));
    assert!(HEROKU_GUIDE.lines().any(|line| line.trim() == EXECUTABLE));
    assert!(EXECUTABLE.ends_with(env!("CARGO_PKG_NAME")));
}

#[test]
fn what_heroku_and_the_container_build_from_is_all_there() {
    let mut needed: Vec<String> = ["Cargo.toml", "Cargo.lock"].map(str::to_owned).into();
    needed.extend(places_of_targets());
    for place in ["src", "build.rs", "tests"] {
        assert!(needed.iter().any(|it| it == place), "{place}: {needed:?}");
    }
    for needed in needed {
        for line in SLUGIGNORE.lines() {
            assert_ne!(line.trim_matches('/'), needed, ".slugignore");
        }
        let copied = CONTAINERFILE
            .lines()
            .filter_map(|line| line.strip_prefix("COPY "))
            .filter_map(|files| files.rsplit_once(' '))
            .any(|(files, _)| files.split(' ').any(|file| file == needed));
        assert!(copied, "{needed} in docs/Containerfile");
    }
}

#[test]
fn an_image_begins_with_one_named_by_its_digest() {
    const OF_A_RELEASE: &str = include_str!("../docs/Containerfile.release");
    for file in [CONTAINERFILE, OF_A_RELEASE] {
        let bases: Vec<&str> = file
            .lines()
            .filter_map(|line| line.strip_prefix("FROM "))
            .collect();
        assert!(!bases.is_empty());
        for base in bases {
            let digest = base.split_once("@sha256:").map(|(_, digest)| digest);
            let digest = digest.and_then(|digest| digest.split(' ').next());
            assert_eq!(digest.map(str::len), Some(64), "{base}");
        }
    }
}

/// The files and folders that hold the manifest's targets. If one of them is missing, Cargo builds none of them.
fn places_of_targets() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&cargo.stdout).expect("JSON");
    let package = &metadata["packages"][0];
    let targets = package["targets"].as_array().expect("a list of targets");
    targets
        .iter()
        .map(|target| {
            let source = Path::new(target["src_path"].as_str().expect("a path"));
            let below = source.strip_prefix(root).expect("below the manifest");
            let place = below.iter().next().and_then(|place| place.to_str());
            place.expect("a name").to_owned()
        })
        .collect()
}

#[test]
fn the_two_commands_of_the_readme_are_those_of_ci() {
    for command in ["cargo run --example demo", "cargo test"] {
        holds("README.md", README, &format!("\n{command}\n"));
        assert!(CI.lines().any(|line| line.ends_with(command)), "{command}");
    }
}

#[test]
fn no_guide_names_an_option_that_does_not_exist() {
    use clap::CommandFactory;
    let mut command = tconnectsync_heroku::config::Cli::command();
    // Adds --help and --version.
    command.build();
    let known: Vec<String> = command
        .get_arguments()
        .flat_map(|argument| {
            let long = argument.get_long().map(str::to_owned);
            let aliases = argument.get_visible_aliases().unwrap_or_default();
            long.into_iter()
                .chain(aliases.into_iter().map(str::to_owned))
        })
        .collect();
    let example = include_str!("../.env.example");
    let guides = [README, HEROKU_GUIDE, SCHEDULERS_GUIDE, example, PROCFILE];
    let lines = guides.iter().flat_map(|guide| guide.lines());
    for line in lines {
        let Some((_, after)) = line.split_once("tconnectsync-heroku ") else {
            continue;
        };
        for word in after.split_whitespace() {
            let Some(option) = word.strip_prefix("--") else {
                continue;
            };
            let option = option.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let option = option.split('=').next().unwrap_or_default();
            assert!(known.iter().any(|it| it == option), "--{option} in: {line}");
        }
    }
}

#[test]
fn each_scheduler_gets_every_variable_that_is_needed() {
    for variable in VARIABLES.iter().filter(|variable| variable.required) {
        let name = variable.name;
        let of_kubernetes = format!("\n  --from-literal={name}=");
        holds("docs/schedulers.md", SCHEDULERS_GUIDE, &of_kubernetes);
        let kind = if name == "TIMEZONE_NAME" {
            "vars"
        } else {
            "secrets"
        };
        let of_github = format!("\n          {name}: ${{{{ {kind}.{name} }}}}");
        holds("docs/sync.yml", GITHUB_WORKFLOW, &of_github);
    }
}

#[test]
fn the_example_file_lists_the_features() {
    let example = include_str!("../.env.example");
    let comments = example.lines().map(|line| line.trim_start_matches("# "));
    let text = comments.collect::<Vec<_>>().join(" ");
    let names = Feature::ALL.map(Feature::name).join(", ");
    holds(".env.example", &text, &format!("What to copy: {names} "));
}
