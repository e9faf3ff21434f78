//! What clients are told while the table or the secrets do not answer.

use local::{Options, Stack, aws};
use tests::Target;

const JSON: (&str, &str) = ("accept", "application/json");

async fn get(target: &Target, path: &str, header: (&str, &str)) -> tests::target::Answer {
    let headers = [(header.0.to_owned(), header.1.to_owned())];
    target.send(&http::Method::GET, path, &headers, Vec::new()).await.unwrap()
}

#[tokio::test]
async fn what_does_not_answer_is_named_by_health_and_is_503_elsewhere() {
    let options = Options::default();
    let stack = Stack::start(&options).await.unwrap();
    // Nobody listens there.
    let router = stack.sandbox(aws::dynamodb("http://127.0.0.1:1"));
    let cut_off = Target::in_process(router, &options.base_path);
    let health = get(&cut_off, "/health", JSON).await;
    let parts = health.json().unwrap();
    assert_eq!((health.status.as_u16(), &parts["table"]), (503, &"unavailable".into()), "{parts}");
    assert_eq!(parts["secret"], "ok");
    let page = get(&cut_off, "/health", ("accept", "text/html")).await;
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.status == 503 && text.contains("Table<td>unavailable"), "{text}");

    let bearer = format!("Bearer {}", stack.token().as_str());
    let users = get(&cut_off, "/Users?startIndex=1&count=100", ("authorization", &bearer)).await;
    let error = users.json().unwrap();
    assert_eq!((users.status.as_u16(), &error["status"]), (503, &"503".into()), "{error}");
    assert!(users.header("retry-after").unwrap().parse::<u32>().is_ok(), "whole seconds");
    assert_eq!(error.get("Resources"), None);

    // A secret that is no connector's: the other part is named, and nothing of the secret.
    let stack = Stack::start(&options).await.unwrap();
    stack.stand_ins.secrets.set("scim/connectors/default", "hush").unwrap();
    let target = Target::in_process(stack.router(), &options.base_path);
    let health = get(&target, "/health", JSON).await;
    let parts = health.json().unwrap();
    assert_eq!((health.status.as_u16(), &parts["secret"]), (503, &"unavailable".into()), "{parts}");
    assert_eq!(parts["table"], "ok");
    let users = get(&target, "/Users", ("authorization", &bearer)).await;
    assert!(users.status.is_server_error() && !String::from_utf8_lossy(&users.body).contains("hush"));
}
