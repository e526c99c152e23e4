//! Answers of clusters that somebody else names, bounded: such a server may send without end, and kube keeps a whole
//! answer, or a line of a watch, in memory. A layer of their clients.

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower::{BoxError, Layer, Service};

/// How many bytes an answer, or one line of a watch, may have. A listing has 500 objects at the most.
const LONGEST: usize = 128 << 20;

/// The layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounding;

/// A client's service whose answers are bounded.
#[derive(Debug, Clone)]
pub(crate) struct BoundedService<S>(S);

impl<S> Layer<S> for Bounding {
    type Service = BoundedService<S>;

    fn layer(&self, inner: S) -> BoundedService<S> {
        BoundedService(inner)
    }
}

impl<S, A, B> Service<Request<A>> for BoundedService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<Bounded<B>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let by_line =
            request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
        let answer = self.0.call(request);
        Box::pin(async move {
            Ok(answer.await?.map(|inner| Bounded { inner, by_line, seen: 0, longest: LONGEST }))
        })
    }
}

/// An answer that ends in an error where it is too long.
#[derive(Debug)]
pub(crate) struct Bounded<B> {
    inner: B,
    by_line: bool,
    seen: usize,
    longest: usize,
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(context)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(Into::into)?;
        let data = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
        let line = data.iter().rposition(|byte| *byte == b'\n').filter(|_| self.by_line);
        self.seen = match line {
            Some(end) => data.len() - end - 1,
            None => self.seen.saturating_add(data.len()),
        };
        if self.seen > self.longest {
            return Poll::Ready(Some(
                Err(format!("the answer is longer than {} bytes", self.longest).into()),
            ));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    struct Pieces(Vec<&'static str>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let next = (!self.0.is_empty()).then(|| self.0.remove(0));
            Poll::Ready(next.map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
        }
    }

    fn check(pieces: &[&'static str], by_line: bool, whole: bool) {
        let mut body = Bounded { inner: Pieces(pieces.to_vec()), by_line, seen: 0, longest: 8 };
        let read = async {
            while let Some(frame) =
                std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
            {
                if frame.is_err() {
                    return false;
                }
            }
            true
        };
        assert_eq!(futures::executor::block_on(read), whole, "{pieces:?}");
    }

    #[test]
    fn an_answer_is_bounded_and_a_watch_by_the_line() {
        check(&["12345678"], false, true);
        check(&["1234", "5678", "9"], false, false);
        check(&["123\n", "567\n", "9"], false, false);
        check(&["123\n", "567\n", "9", "123456\n1"], true, true);
        check(&["123\n5", "67890123"], true, false);
    }
}
