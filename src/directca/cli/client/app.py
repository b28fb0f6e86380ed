"""`directca client`: the commands in the order in which a subscriber meets them."""

import typer

from directca.cli.client import lookup, order, report, revoke, sign_in
from directca.cli.client.options import command

app = typer.Typer(
    name="client",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Issue, look up, renew and revoke certificates over the API, as any client could.\n\n"
    "Exit codes: 0 done, 1 the server refused, 2 wrong use or a problem with files on this machine, 3 no answer.",
)

command(app, "login", sign_in.LoginOptions, sign_in.login)
command(app, "issue", order.IssueOptions, order.issue)
command(app, "show", lookup.ShowOptions, lookup.show)
command(app, "query", lookup.QueryOptions, lookup.query)
command(app, "renew", order.RenewOptions, order.renew)
command(app, "reissue", order.ReissueOptions, order.reissue)
command(app, "revoke", revoke.RevokeOptions, revoke.revoke)
command(app, "report-compromise", report.ReportOptions, report.report)
command(app, "logout", sign_in.LogoutOptions, sign_in.logout)
