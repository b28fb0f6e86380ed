"""The OCSP edge of one process, put together: the verb, what is kept, who hears of changes, what is counted."""

from prometheus_client import CollectorRegistry

from directca.responders.ocsp import OcspEdge
from directca.responders.ocsp_feed import Feed
from directca.responders.ocsp_kept import KeptAnswers
from directca.responders.ocsp_metrics import OcspMetrics
from directca.responders.ocsp_news import ThriftyNews
from directca.revocation import ocsp
from directca.revocation.ocsp import Ocsp


def ocsp_edge(verb: Ocsp, registry: CollectorRegistry, *, threads: int) -> OcspEdge:
    """The edge, to be started in the process that answers; `before` puts it in front of an HTTP application."""
    counted, kept = OcspMetrics(registry), KeptAnswers()
    news = ThriftyNews(lambda since: ocsp.news(verb, since), verb.revocation.database.changes(at_once=False))
    feed = Feed(news, kept, lambda: counted.tell(edge.counts, len(kept), feed.age()))
    clock = verb.revocation.clock
    edge = OcspEdge(lambda request: ocsp.answer(verb, request), kept, feed, clock, threads=threads, made=counted.made)
    return edge
