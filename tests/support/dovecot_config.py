"""The configuration of a Dovecot for the tests, as text.

Must not know: processes; how the server is started or asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.authority import Certificate
from tests.support.process import Account

PASSWORD = "pass"
#: The file of the passwords of users who have one of their own.
PASSWORDS = "passwords"

# What Dovecot 2.3 offers after login. Its setting for capabilities can only add to this list or
# replace it, so a list without some is written in full.
_OFFERED = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES "
    "THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN "
    "NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES "
    "WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW "
    "STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE"
)

_MAILBOXES = """
namespace inbox {
  inbox = yes
  separator = /
  mailbox Junk {
    auto = create
    special_use = \\Junk
  }
  mailbox Sent {
    auto = create
    special_use = \\Sent
  }
  mailbox Drafts {
    auto = create
    special_use = \\Drafts
  }
%s  mailbox Archive {
    auto = create
    special_use = \\Archive
  }
}
"""

_TRASH = """  mailbox Trash {
    auto = create
    special_use = \\Trash
  }
"""

# The settings that every supported version spells alike. No chroot, as only root could enter it;
# no penalty, as a test of wrong passwords must not slow the next one down.
_SERVICES = """
service imap-login {{
  chroot =
  {serves} = {forever}
  process_min_avail = 1
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 4096
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service lmtp {{
  process_min_avail = 1
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
"""

_COMMON = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
log_timestamp = "%Y-%m-%d %H:%M:%S.%{{usecs}} "
protocols = imap lmtp
listen = {host}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
libexec_dir = {libexec}
mail_plugin_dir = {plugins}
ssl = yes
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login{mechanisms}
auth_failure_delay = 0
mail_fsync = never
mailbox_list_index = yes
mail_max_userip_connections = {connections}
imap_idle_notify_interval = {idle_notify}
mailbox_idle_check_interval = {idle_check}
imap_hibernate_timeout = {hibernate}
imap_max_line_length = 64k
"""

_V23 = """
import_environment = TZ {environment}
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = {store}:~/{store}
lmtp_save_to_detail_mailbox = yes
recipient_delimiter = +
{oauth}passdb {{
{passwords}
  mechanisms = plain login
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail/%u allow_all_users=yes
}}
"""

_V24_HEAD = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""

_V24 = """
import_environment {{
{environment}
}}
ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
auth_allow_cleartext = yes
mail_driver = {store}
mail_path = ~/{store}
lmtp_save_to_detail_mailbox = yes
recipient_delimiter = +
{oauth}passdb {passwords}
  mechanisms_filter = plain login
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {base}/mail/%{{user}}
  }}
  userdb_static_allow_all_users = yes
}}
"""


# Tokens are judged by the authorization server that gave them, each time (RFC 7662).
_OAUTH_V23 = """passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {base}/oauth2.conf
}}
"""

_OAUTH_V23_FILE = """introspection_url = {introspection}
introspection_mode = post
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""

_OAUTH_V24 = """oauth2 {{
  introspection_url = {introspection}
  introspection_mode = post
  force_introspection = yes
  username_attribute = username
  active_attribute = active
  active_value = true
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a test may want otherwise.

    ``without`` are capabilities the server shall not announce; ``store`` is ``maildir`` or
    ``mdbox``; ``max_connections`` is per user and address. Intervals are Dovecot's own words
    (``"2 mins"``). ``hibernate`` moves idle sessions to one process, which then announces new
    mail at once: a session that is not hibernating waits half a second to gather changes.
    ``rights`` obeys the access control lists that ``doveadm acl set`` writes; ``messages`` is a
    quota, how many a user may have in all. Without ``trash`` there is no folder for that use.
    ``introspection`` is where an authorization server is asked about access tokens; with it
    OAUTHBEARER and XOAUTH2 log in too. With ``own_passwords`` a user's password is the one that
    ``Dovecot.set_password`` gave last, and nobody else logs in by one.
    """

    without: frozenset[str] = frozenset()
    store: str = "maildir"
    max_connections: int = 4096
    idle_notify: str = "2 mins"
    idle_check: str = "1 secs"
    hibernate: str = "0"
    rights: bool = False
    messages: int | None = None
    trash: bool = True
    introspection: str | None = None
    own_passwords: bool = False
    extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the server listens on loopback."""

    host: str
    imap: int
    imaps: int
    lmtp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the server's own files are and who runs it."""

    base: Path
    libexec: str
    plugins: str
    environ: dict[str, str]
    account: Account


def write(
    version: tuple[int, int], options: Options, ports: Ports, place: Place, certificate: Certificate
) -> str:
    """Return the text of ``dovecot.conf`` for this version of Dovecot."""
    modern = version >= (2, 4)
    pairs = [f"{name}={value}" for name, value in place.environ.items()]
    lines = [f"  {pair.replace('=', ' = ', 1)}" for pair in pairs]
    template = _COMMON + (_V24 if modern else _V23) + _SERVICES
    text = template.format(
        base=place.base,
        host=ports.host,
        imap_port=ports.imap,
        imaps_port=ports.imaps,
        lmtp_port=ports.lmtp,
        user=place.account.name,
        group=place.account.group,
        uid=place.account.uid,
        gid=place.account.gid,
        libexec=place.libexec,
        plugins=place.plugins,
        environment="\n".join(lines) if modern else " ".join(pairs),
        cert=certificate.path,
        key=certificate.path,
        store=options.store,
        # How many connections a process serves before it ends.
        serves="restart_request_count" if modern else "service_count",
        forever="unlimited" if modern else "0",
        passwords=_passwords(options, place, modern=modern),
        mechanisms=" oauthbearer xoauth2" if options.introspection else "",
        oauth=_oauth(options, place, modern=modern),
        connections=options.max_connections,
        idle_notify=options.idle_notify,
        idle_check=options.idle_check,
        hibernate=options.hibernate,
    )
    head = _V24_HEAD if modern else ""
    own = _capability(options, modern=modern) + _plugins(options, modern=modern)
    return head + text + own + _MAILBOXES % (_TRASH * options.trash) + options.extra


def _passwords(options: Options, place: Place, *, modern: bool) -> str:
    """Return how passwords are judged, as a passdb begins: in all versions by another grammar."""
    if options.own_passwords:
        file = place.base / PASSWORDS
        if modern:
            return f"passwd-file {{\n  passwd_file_path = {file}\n  default_password_scheme = PLAIN"
        return f"  driver = passwd-file\n  args = scheme=PLAIN username_format=%u {file}"
    if modern:
        return f"static {{\n  password = {PASSWORD}"
    return f"  driver = static\n  args = password={PASSWORD}"


def write_oauth(version: tuple[int, int], options: Options) -> str | None:
    """Return the text of ``oauth2.conf`` beside it, where this version of Dovecot reads one."""
    if version >= (2, 4) or options.introspection is None:
        return None
    return _OAUTH_V23_FILE.format(introspection=options.introspection)


def _oauth(options: Options, place: Place, *, modern: bool) -> str:
    if options.introspection is None:
        return ""
    template = _OAUTH_V24 if modern else _OAUTH_V23
    return template.format(base=place.base, introspection=options.introspection)


def _plugins(options: Options, *, modern: bool) -> str:
    names = ["acl"] * options.rights + ["quota"] * (options.messages is not None)
    if not names:
        return ""
    if modern:
        loaded = "".join(f"  {name} = yes\n" for name in names)
        lines = [f"mail_plugins {{\n{loaded}}}\n"]
        if options.rights:
            lines.append("acl_driver = vfile\n")
        if options.messages is not None:
            lines.append(f'quota "All mail" {{\n  message_count = {options.messages}\n}}\n')
        return "".join(lines)
    words = ["  acl = vfile"] * options.rights
    if options.messages is not None:
        words += ["  quota = count:All mail", "  quota_vsizes = yes"]
        words.append(f"  quota_rule = *:messages={options.messages}")
    return f"mail_plugins = {' '.join(names)}\nplugin {{\n" + "\n".join(words) + "\n}\n"


def _capability(options: Options, *, modern: bool) -> str:
    if not options.without:
        return ""
    if modern:
        lines = [f"  {name} = no\n" for name in sorted(options.without)]
        return f"imap_capability {{\n{''.join(lines)}}}\n"
    names = [name for name in _OFFERED.split() if name not in options.without]
    return f"imap_capability = {' '.join(names)}\n"
