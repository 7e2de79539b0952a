//! The page in a real browser, where one is installed: as wide as a phone, light and dark.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tconnectsync_heroku::page;

use super::{files, read, told};

/// What is asked of the page after it is drawn: whether it fits, and how it looks. Its answer is the document's title.
const QUESTIONS: &str = "<script>addEventListener('load', () => {
  const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const texts = [...document.querySelectorAll('svg text')].filter(text => text.getClientRects().length);
  document.title = 'ANSWER' + JSON.stringify({
    wide: document.documentElement.scrollWidth, window: innerWidth,
    svg: box(document.querySelector('svg')), texts: texts.map(text => [text.textContent, ...box(text)]),
    circles: document.querySelectorAll('svg circle').length,
    page: getComputedStyle(document.body).backgroundColor, text: getComputedStyle(document.body).color,
    namespace: document.querySelector('svg rect').namespaceURI,
  }) + 'END';
  parent.postMessage(document.title, '*');
});</script>";

/// Shows the page in a frame, which may be narrower than a browser's window, and passes its answer on.
const FRAME: &str =
    "<!doctype html><style>body { margin: 0 } iframe { border: 0; height: 900px }</style>
<script>addEventListener('message', event => document.title = event.data)</script>";

fn browser() -> Option<&'static str> {
    [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "chrome-headless-shell",
    ]
    .into_iter()
    .find(|name| {
        let mut command = Command::new(name);
        let command = command.arg("--version").stdout(Stdio::null());
        command
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

/// The answers of a page in a frame of this width.
fn asked(browser: &str, page: &Path, width: u32, dark: bool) -> Value {
    let profile = tempfile::tempdir().expect("a profile");
    let name = page.file_name().expect("a name").display();
    let frame = page.with_file_name(format!("{width}.html"));
    let html = format!("{FRAME}<iframe src='{name}' style='width: {width}px'></iframe>");
    std::fs::write(&frame, html).expect("written");
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--dump-dom",
            "--hide-scrollbars",
            "--window-size=1300,950",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()));
    if dark {
        command.arg("--blink-settings=preferredColorScheme=0");
    }
    let output = command
        .arg(&frame)
        .stderr(Stdio::null())
        .output()
        .expect("it starts");
    let document = String::from_utf8_lossy(&output.stdout);
    let answer = document
        .split_once("ANSWER")
        .and_then(|(_, rest)| rest.split_once("END"));
    let (answer, _) = answer.unwrap_or_else(|| panic!("no answer in {document}"));
    serde_json::from_str(
        &answer
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
    .expect("JSON")
}

#[test]
fn a_phone_and_a_desk_show_it_whole_in_light_and_dark() {
    let Some(browser) = browser() else {
        eprintln!("no browser is installed: the page was not looked at");
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    page::write(&files(directory.path()), &told()).expect("written");
    // The page forbids scripts; the test's own asks how it looks.
    let page = read(directory.path(), "page.html");
    let policy = "<meta http-equiv=\"Content-Security-Policy\"";
    assert!(page.contains(policy));
    let asking = page
        .replace(policy, "<meta name=\"policy\"")
        .replace("</body>", &format!("{QUESTIONS}</body>"));
    let path = directory.path().join("asking.html");
    std::fs::write(&path, asking).expect("written");
    let number = |value: &Value| value.as_f64().expect("a number");
    for width in [320, 375, 500, 1280] {
        let answer = asked(browser, &path, width, false);
        assert_eq!(answer["window"], width, "{answer}");
        assert!(
            number(&answer["wide"]) <= number(&answer["window"]),
            "{answer}"
        );
        assert_eq!(answer["circles"], 268);
        assert_eq!(answer["namespace"], "http://www.w3.org/2000/svg");
        let svg = answer["svg"].as_array().expect("a box");
        let texts = answer["texts"].as_array().expect("texts");
        assert!(texts.len() > 10, "{answer}");
        for text in texts {
            let inside = number(&text[1]) >= number(&svg[0]) - 1.0
                && number(&text[3]) <= number(&svg[2]) + 1.0;
            assert!(inside, "{text} leaves {svg:?} at {width}");
            let height = number(&text[4]) - number(&text[2]);
            assert!(height >= 12.0, "{text} is too small at {width}");
        }
        for (index, one) in texts.iter().enumerate() {
            for other in &texts[index + 1..] {
                let apart = number(&one[3]) <= number(&other[1]) + 1.0
                    || number(&other[3]) <= number(&one[1]) + 1.0
                    || number(&one[4]) <= number(&other[2]) + 4.0
                    || number(&other[4]) <= number(&one[2]) + 4.0;
                assert!(apart, "{one} and {other} overlap at {width}");
            }
        }
    }
    let [light, dark] = [false, true].map(|dark| asked(browser, &path, 1280, dark));
    assert_eq!(light["page"], "rgb(255, 255, 255)");
    assert_eq!(dark["page"], "rgb(20, 24, 29)");
    assert_ne!(light["text"], dark["text"]);
}
