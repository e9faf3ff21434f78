use aws_smithy_runtime_api::client::http::http_client_fn;
use serde_json::{Value, json};

use super::*;
use crate::{Delay, Gate, Lag, Pages, cancelled, refused};

/// An engine that answers each request with the body it got, and knows which those were.
#[derive(Debug, Clone, Default)]
struct Echo(Arc<Mutex<Vec<Value>>>);

impl HttpConnector for Echo {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default().to_vec();
        self.0.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        HttpConnectorFuture::ready(answer::made(200, String::from_utf8(body).unwrap()))
    }
}

struct Line {
    wire: Wire,
    echo: Echo,
    connector: SharedHttpConnector,
}

impl Line {
    fn new() -> Self {
        let echo = Echo::default();
        let connector = SharedHttpConnector::new(echo.clone());
        let engine = connector.clone();
        Self { wire: Wire::new(http_client_fn(move |_, _| engine.clone())), echo, connector }
    }

    /// Status and body, or why there is no answer.
    async fn ask(&self, operation: &str, body: Value) -> Result<(u16, Value), String> {
        let mut http = HttpRequest::new(body.to_string().into());
        http.headers_mut().insert("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let answer = self.wire.call(&self.connector, http).await.map_err(|error| format!("{error:?}"))?;
        let body = answer.body().bytes().unwrap();
        Ok((answer.status().as_u16(), serde_json::from_slice(body).unwrap()))
    }

    /// What has come to the engine since the last look.
    fn done(&self) -> Vec<Value> {
        std::mem::take(&mut *self.echo.0.lock().unwrap())
    }
}

fn batch(items: &[u8]) -> Value {
    json!({ "RequestItems": { "t": items } })
}

#[tokio::test]
async fn without_faults_requests_pass_and_are_remembered() {
    let line = Line::new();
    let body = json!({ "Key": "a" });
    assert_eq!(line.ask("GetItem", body.clone()).await, Ok((200, body.clone())));
    assert_eq!((line.done(), line.wire.calls()), (vec![body.clone()], 1));
    let sent = Sent { operation: "GetItem".to_owned(), body: body.to_string() };
    assert_eq!((line.wire.sent("GetItem"), line.wire.sent("Query")), (vec![sent], vec![]));
    line.wire.clear();
    assert_eq!((line.wire.all_sent(), line.wire.calls()), (vec![], 0));
    line.wire.forget();
    line.ask("GetItem", body).await.unwrap();
    assert_eq!((line.wire.all_sent(), line.wire.calls()), (vec![], 1));
}

#[tokio::test]
async fn a_refused_request_is_not_done() {
    let line = Line::new();
    line.wire.fail("GetItem", 1, &refused("AccessDeniedException"));
    line.wire.fail("TransactWriteItems", 1, &cancelled(&["None", "TransactionConflict"]));
    line.wire.fail("PutItem", 1, &Fault::Down);
    let (status, body) = line.ask("GetItem", json!({})).await.unwrap();
    assert_eq!(
        (status, &body["__type"]),
        (400, &json!("com.amazonaws.dynamodb.v20120810#AccessDeniedException"))
    );
    let (status, body) = line.ask("TransactWriteItems", json!({})).await.unwrap();
    assert_eq!((status, &body["CancellationReasons"][1]["Code"]), (400, &json!("TransactionConflict")));
    assert_eq!(line.ask("PutItem", json!({})).await.unwrap().0, 500);
    assert_eq!((line.done(), line.wire.faults_left()), (vec![], 0));
}

#[tokio::test]
async fn an_answer_is_lost_after_the_request_is_done_and_a_request_before() {
    let line = Line::new();
    line.wire.fail_where("PutItem", 1, &Fault::AnswerLost, |request| request.body()["a"] == 1);
    line.wire.fail_where("PutItem", 1, &Fault::RequestLost, |request| request.body()["a"] == 2);
    assert!(line.ask("PutItem", json!({ "a": 1 })).await.is_err());
    assert_eq!(line.done(), [json!({ "a": 1 })]);
    assert!(line.ask("PutItem", json!({ "a": 2 })).await.is_err());
    assert_eq!(line.done(), [] as [Value; 0]);
}

#[tokio::test]
async fn of_a_batch_a_part_is_done_and_the_rest_is_named() {
    let line = Line::new();
    line.wire.fail("BatchWriteItem", 1, &Fault::Part(1));
    line.wire.fail("BatchWriteItem", 1, &Fault::Without([0, 2].into()));
    line.wire.fail("BatchWriteItem", 1, &Fault::HeldBack);
    for (done, left) in [(vec![1], json!([2, 3])), (vec![2], json!([1, 3])), (vec![], json!([1, 2, 3]))] {
        let (status, answer) = line.ask("BatchWriteItem", batch(&[1, 2, 3])).await.unwrap();
        assert_eq!((status, &answer["UnprocessedItems"]["t"]), (200, &left));
        let expected: Vec<_> = done.iter().map(|item| batch(&[*item])).collect();
        assert_eq!(line.done(), expected);
    }
    line.wire.fail("BatchGetItem", 1, &Fault::Part(1));
    let keys = json!({ "RequestItems": { "t": { "Keys": [1, 2], "ConsistentRead": true } } });
    let (_, answer) = line.ask("BatchGetItem", keys).await.unwrap();
    assert_eq!(answer["UnprocessedKeys"]["t"], json!({ "Keys": [2], "ConsistentRead": true }));
}

#[tokio::test]
async fn a_dead_process_sends_nothing_until_it_is_revived() {
    let line = Line::new();
    line.wire.stop_after(2);
    let mut ended = Vec::new();
    for nth in 0..4 {
        ended.push(line.ask("PutItem", json!({ "nth": nth })).await.is_err());
    }
    assert_eq!(ended, [false, false, true, true]);
    assert_eq!((line.done().len(), line.wire.calls(), line.wire.has_stopped()), (2, 2, true));
    line.wire.revive();
    assert!(line.ask("PutItem", json!({})).await.is_ok());
    assert!(!line.wire.has_stopped());
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_other_faults_still_come() {
    let line = Line::new();
    let second = std::time::Duration::from_secs(1);
    line.wire.add(Delay::all(second));
    line.wire.fail("GetItem", 1, &Fault::Delayed(second));
    let begun = tokio::time::Instant::now();
    line.ask("GetItem", json!({})).await.unwrap();
    assert!((2000..2100).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    line.wire.heal();
    let begun = tokio::time::Instant::now();
    line.ask("GetItem", json!({})).await.unwrap();
    assert!(begun.elapsed() < second);
}

#[tokio::test]
async fn rules_change_requests_and_answers_together() {
    let line = Line::new();
    line.wire.add(Pages::of(1));
    line.wire.add(Lag::of(std::time::Duration::from_mins(1)));
    let item = json!({ "pk": { "S": "a" }, "sk": { "S": "!" } });
    line.wire.fail("PutItem", 1, &Fault::AnswerLost);
    line.ask("PutItem", json!({ "Item": item })).await.unwrap_err();
    let query = json!({ "IndexName": "by_email", "Items": [item] });
    let (_, answer) = line.ask("Query", query).await.unwrap();
    assert_eq!((&answer["Items"], &answer["Limit"]), (&json!([]), &json!(1)), "written, if unanswered");
}

#[tokio::test]
async fn a_request_waits_at_a_gate_until_it_is_opened() {
    let (line, gate) = (Line::new(), Gate::new());
    line.wire.fail("PutItem", 1, &Fault::Held(gate.clone()));
    let held = line.ask("PutItem", json!({ "nth": 1 }));
    let meanwhile = async {
        gate.reached().await;
        line.ask("PutItem", json!({ "nth": 2 })).await.unwrap();
        assert_eq!(line.done(), [json!({ "nth": 2 })]);
        gate.open();
    };
    let (held, ()) = tokio::join!(held, meanwhile);
    assert!(held.is_ok());
    assert_eq!(line.done(), [json!({ "nth": 1 })]);
}
