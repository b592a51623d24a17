# Passes on what is said between our stdin and stdout and a socket here, as `perl -e THIS -- WORD unix PATH` or
# `... WORD tcp ADDRESS PORT`. First one line: WORD and `open`, or WORD and why not. Debian's perl-base is enough.
use strict;
use warnings;
use Socket;
use IO::Handle;
use Errno qw(EAGAIN ENOENT ECONNREFUSED EACCES EPERM);

my ($word, $how, $where, $port) = @ARGV;
# Nobody waits longer: our own deadlines are shorter.
alarm 30;
$SIG{PIPE} = "IGNORE";
STDOUT->autoflush(1);

sub fail {
    my $error = $! + 0;
    my %words = (EAGAIN() => "busy", ENOENT() => "missing", ECONNREFUSED() => "refused", EACCES() => "forbidden", EPERM() => "forbidden");
    print "$word ", $words{$error} // "error $!", "\n";
    exit 0;
}

my ($family, $place) = $how eq "unix"
    ? (PF_UNIX, pack_sockaddr_un($where))
    : $where =~ /:/
    ? (PF_INET6, Socket::pack_sockaddr_in6($port, Socket::inet_pton(PF_INET6, $where)))
    : (PF_INET, pack_sockaddr_in($port, inet_aton($where)));
socket(my $socket, $family, SOCK_STREAM, 0) or fail();
# A full queue answers at once then.
$socket->blocking(0) if $how eq "unix";
connect($socket, $place) or fail();
$socket->blocking(1);
print "$word open\n";

sub pass {
    my ($from, $to) = @_;
    my $count = sysread($from, my $bytes, 65536) or return 0;
    my $at = 0;
    while ($at < $count) {
        my $wrote = syswrite($to, $bytes, $count - $at, $at) or return 0;
        $at += $wrote;
    }
    return 1;
}

my $ears = "";
vec($ears, fileno($_), 1) = 1 for \*STDIN, $socket;
while (1) {
    my $heard = $ears;
    select($heard, undef, undef, undef) > 0 or last;
    if (vec($heard, fileno($socket), 1)) { pass($socket, \*STDOUT) or last }
    if (vec($heard, fileno(STDIN), 1)) { pass(\*STDIN, $socket) or last }
}
