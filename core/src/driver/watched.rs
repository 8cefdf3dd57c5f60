//! A socket that does not block, and what is known of its news.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use mio::event::Event;
use nix::poll::PollFlags;

use super::event_loop::Place;
use super::here::{self, Home, Wanted};

/// A socket, watched by whoever runs the calls that use it.
pub(crate) struct Watched {
    /// Before the socket, which must not be closed while it is watched.
    place: Option<Place>,
    pub(crate) tcp: TcpStream,
    news: Arc<News>,
}

/// What an event loop tells, and what a call that a driver runs finds out.
#[derive(Default)]
pub(super) struct News {
    /// All that had come was read.
    drained: AtomicBool,
    /// Nothing more comes but the end, which an event loop tells once and maybe before the last bytes are read.
    ended: AtomicBool,
    /// The call of an event loop that waits.
    waiting: AtomicWaker,
}

impl News {
    /// There may be something to read.
    fn come(&self) {
        self.drained.store(false, Ordering::Relaxed);
    }

    /// From the event loop.
    pub(super) fn tell(&self, event: &Event) {
        if event.is_read_closed() || event.is_error() {
            self.ended.store(true, Ordering::Relaxed);
        }
        if event.is_readable() {
            self.come();
        }
        self.waiting.wake();
    }
}

impl Watched {
    /// `tcp`, which must not block, for the calls of whoever runs this one.
    pub(crate) fn new(tcp: TcpStream) -> io::Result<Self> {
        let news = Arc::<News>::default();
        let place = here::sockets()
            .map(|sockets| sockets.watch(&tcp, &news))
            .transpose()?;
        Ok(Self { place, tcp, news })
    }

    /// Whose calls can wait for it.
    pub(crate) fn home(&self) -> Home {
        let place = self.place.as_ref();
        place.map_or(Home::Drivers, |place| Home::EventLoop(place.number()))
    }

    /// Whether there may be something to read. Most attempts to find nothing are spared by it.
    pub(crate) fn may_have_news(&self) -> bool {
        !self.news.drained.load(Ordering::Relaxed) || self.news.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn drained(&self) {
        self.news.drained.store(true, Ordering::Relaxed);
    }

    /// What came while nobody waited for it is found at the next attempt.
    pub(crate) fn look_again(&self) {
        self.news.come();
    }

    /// Whether the call may read. In an event loop all else has its turn after some reads, and the call its own after that.
    pub(crate) fn may_read(&self, cx: &Context<'_>) -> bool {
        let may = self.place.as_ref().is_none_or(Place::take_read);
        if !may {
            cx.waker().wake_by_ref();
        }
        may
    }

    /// The call goes on when there is something to read.
    pub(crate) fn wait_to_read<T>(self: &Arc<Self>, cx: &Context<'_>) -> Poll<io::Result<T>> {
        self.wait_to(PollFlags::POLLIN, cx)
    }

    /// The call goes on when something can be written.
    pub(crate) fn wait_to_write<T>(self: &Arc<Self>, cx: &Context<'_>) -> Poll<io::Result<T>> {
        self.wait_to(PollFlags::POLLOUT, cx)
    }

    fn wait_to<T>(self: &Arc<Self>, what: PollFlags, cx: &Context<'_>) -> Poll<io::Result<T>> {
        if here::home() != Some(self.home()) {
            return Poll::Ready(Err(io::Error::other("nobody waits for this socket")));
        }
        match self.place {
            // It is woken by any news, and those come on this thread.
            Some(_) => self.news.waiting.register(cx.waker()),
            None => Wanted::add_socket(self, what),
        }
        Poll::Pending
    }
}
