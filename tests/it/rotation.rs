//! Tokens that change under load, and guesses that cost nothing.

use connector::{Connectors, Credentials, Error};
use local::{Options, PREFIX, Stack, Token, aws};
use time::{Duration, OffsetDateTime};

use crate::client::set_tokens;

/// How long a secret is used without asking again.
const REMEMBERED: Duration = Duration::minutes(5);

fn connectors(stack: &Stack) -> Connectors {
    Connectors::new(aws::secrets(stack.stand_ins.secrets.url()), PREFIX)
}

async fn shown(connectors: &Connectors, token: &str, now: OffsetDateTime) -> Result<String, Error> {
    match Credentials::parse(Some(token))? {
        Credentials::Token(token) => connectors.authenticate(&token, now).await.map(|it| it.token_id),
        Credentials::Jwt(_) => Err(Error::Unknown),
    }
}

/// Twenty requests a second for half an hour: a token is issued, both live, the old one is taken away.
#[tokio::test]
async fn a_rotation_under_load_refuses_no_live_token() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let connectors = connectors(&stack);
    let (old, new) = (Token::generate("okta").unwrap(), Token::generate("okta").unwrap());
    let begin = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let (issued, revoked) = (begin + Duration::minutes(7), begin + Duration::minutes(17));
    set_tokens(&stack, "acme", "okta", &[("old", &old, None)]);

    let mut last_of_old = begin;
    for tick in 0..20 * 60 * 30 {
        let now = begin + Duration::milliseconds(50) * tick;
        if now == issued {
            set_tokens(&stack, "acme", "okta", &[("old", &old, None), ("new", &new, None)]);
        }
        if now == revoked {
            set_tokens(&stack, "acme", "okta", &[("new", &new, None)]);
        }
        // The client changes over in the middle of the overlap; others still have the old one, every tenth time.
        let is_changed = now >= issued + Duration::minutes(5);
        let (token, id) =
            if now >= issued && (is_changed || tick % 2 == 0) { (&new, "new") } else { (&old, "old") };
        let verdict = shown(&connectors, token.as_str(), now).await;
        assert_eq!(verdict.ok().as_deref(), Some(id), "{} after the beginning", now - begin);
        if tick % 10 == 0 && shown(&connectors, old.as_str(), now).await.is_ok() {
            last_of_old = now;
        }
    }
    assert!(last_of_old >= revoked - Duration::seconds(1), "the old one lived until it was taken away");
    assert!(last_of_old < revoked + REMEMBERED, "{} after it was taken away", last_of_old - revoked);
    // Six times in half an hour as a rule; and for the token that is not known any more, every five seconds at most.
    let reads = stack.stand_ins.secrets.reads();
    assert!(reads <= 8 + 13 * 60 / 5, "{reads} reads");
}

#[tokio::test]
async fn a_new_token_works_at_once_though_the_secret_was_read_a_moment_ago() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let connectors = connectors(&stack);
    let (old, new) = (Token::generate("okta").unwrap(), Token::generate("okta").unwrap());
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    set_tokens(&stack, "acme", "okta", &[("old", &old, None)]);
    assert!(shown(&connectors, old.as_str(), now).await.is_ok());
    set_tokens(&stack, "acme", "okta", &[("old", &old, None), ("new", &new, None)]);
    assert!(shown(&connectors, new.as_str(), now + Duration::milliseconds(50)).await.is_ok());
}

/// A thousand wrong tokens a second for a minute, of a connector that there is and of ones that there are not.
#[tokio::test]
async fn guesses_cost_few_reads_and_keep_nobody_out() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let connectors = connectors(&stack);
    let (token, wrong) = (Token::generate("okta").unwrap(), Token::generate("okta").unwrap());
    set_tokens(&stack, "acme", "okta", &[("t1", &token, None)]);
    let begin = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    assert!(shown(&connectors, token.as_str(), begin).await.is_ok());
    let before = stack.stand_ins.secrets.reads();
    let mut put_off = 0;
    for tick in 0..60_000_i32 {
        let now = begin + Duration::milliseconds(1) * tick;
        let guess = Token::generate(&format!("guess-{tick}")).unwrap();
        let guess = if tick % 2 == 0 { wrong.as_str() } else { guess.as_str() };
        match shown(&connectors, guess, now).await {
            Err(Error::Unknown) => {}
            Err(Error::Busy) => put_off += 1,
            other => panic!("{other:?}"),
        }
        if tick % 50 == 0 {
            assert_eq!(shown(&connectors, token.as_str(), now).await.ok().as_deref(), Some("t1"));
        }
    }
    let reads = stack.stand_ins.secrets.reads() - before;
    // Known: 3 and one every 5 s. Unknown: 20 and 5 a second.
    assert!((100..=3 + 12 + 20 + 300 + 2).contains(&reads), "{reads} reads for 60,000 guesses");
    assert!(put_off > 29_000, "{put_off} were put off");

    // A connector that nobody has asked for yet is let in as soon as there is a lookup to spare: put off, never refused.
    let late = Token::generate("late").unwrap();
    set_tokens(&stack, "acme", "late", &[("t1", &late, None)]);
    let end = begin + Duration::minutes(1);
    assert!(matches!(shown(&connectors, late.as_str(), end).await, Ok(_) | Err(Error::Busy)));
    assert!(shown(&connectors, late.as_str(), end + Duration::milliseconds(300)).await.is_ok());
}
