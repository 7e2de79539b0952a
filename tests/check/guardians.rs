//! Guardians' accounts: another call lists their pumps, and the check says so.

use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::tandem::Guardian;

#[test]
fn a_guardians_pumps_are_found_and_the_check_says_by_which_call() {
    for guardian in [Guardian::WithPumperId, Guardian::WithoutPumperId] {
        let arrangement = Arrangement::of(day_until_now(3));
        (arrangement.tandem).configure(|behaviour| behaviour.guardian = Some(guardian));
        let check = arrangement.program(&["--check-login"]);
        assert_eq!(check.status, Some(0), "{guardian:?}: {check:?}");
        let said = "listed by api/pumpers/pumpers, as for a guardian's account";
        assert!(check.out.contains(said), "{}", check.out);
        let run = arrangement.program(&[]);
        assert_eq!(run.status, Some(0), "{guardian:?}: {run:?}");
        assert!(run.out.contains("Uploaded"), "{}", run.out);
        let asked = |path: &str| !arrangement.tandem.requests_to("GET", path).is_empty();
        let names_a_pumper = guardian == Guardian::WithPumperId;
        assert_eq!(asked("/api/reports/bff/pumper/"), names_a_pumper);
    }
}

#[test]
fn a_wearers_pumps_are_asked_for_by_the_usual_call_alone() {
    let arrangement = Arrangement::of(day_until_now(3));
    let check = arrangement.program(&["--check-login"]);
    assert!(!check.out.contains("listed by"), "{}", check.out);
    let details = arrangement.program(&["--check-login", "-v"]);
    let said = "listed by api/reports/bff/pumper";
    assert!(details.out.contains(said), "{}", details.out);
    let asked = arrangement.tandem.requests_to("GET", "/api/pumpers/");
    assert!(asked.is_empty(), "{asked:?}");
}
