//! The table of features against what each feature writes.

use std::collections::BTreeSet;

use tconnectsync_heroku::config::{Collection, Feature};

use super::{afterwards, arrange};
use crate::pass::text;
use crate::simulator::history::{History, Plan};

#[test]
fn a_feature_fills_the_collections_and_writes_the_event_types_of_its_row() {
    let history = History::generate(&Plan::days(71, 6));
    let now = afterwards(&history);
    for feature in Feature::ALL {
        let arrangement = arrange(history.clone(), feature.name());
        arrangement.good_pass(now, &["--days", "6"]);
        let site = &arrangement.nightscout;
        let written: BTreeSet<String> = site
            .treatments()
            .iter()
            .map(|document| text(document, "eventType").to_owned())
            .collect();
        for event_type in &written {
            let known = feature.event_types().contains(&event_type.as_str());
            assert!(known, "{feature} writes {event_type}");
        }
        let filled = [
            (Collection::Treatments, !written.is_empty()),
            (Collection::Entries, !site.entries().is_empty()),
            (Collection::DeviceStatus, !site.devicestatuses().is_empty()),
            (Collection::Profile, !site.profiles().is_empty()),
        ];
        for (collection, is_filled) in filled {
            let fills = feature.fills().contains(&collection);
            assert_eq!(is_filled, fills, "{feature}: {collection:?}");
        }
    }
}
