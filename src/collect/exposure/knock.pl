# Knocks at ports from here, as `perl -e THIS -- COUNT NAME … PROTOCOL/PORT[:HEX] …`, at each address once: whether TCP takes
# a connection, on which nothing is said, or UDP answers the datagram in hexadecimal digits. Debian's perl-base is enough.
# One line for each address and port; the last line is `end`. Seconds are whole: perl-base has no finer clock.
use strict;
use warnings;
use Socket qw(:DEFAULT getaddrinfo getnameinfo AI_ADDRCONFIG NI_NUMERICHOST NI_NUMERICSERV SOCK_STREAM SOCK_DGRAM SO_ERROR SOL_SOCKET);
use IO::Handle;
use Errno qw(EINPROGRESS ECONNREFUSED ECONNRESET EHOSTUNREACH EACCES EPERM ETIMEDOUT);

my ($count, @ports) = @ARGV;
my @names = splice @ports, 0, $count;
my $patience = 3;
my $at_once  = 8;
# Addresses: more would take longer than anybody waits for.
my $most     = 8;

sub word {
    my ($error) = @_;
    return "refused"     if $error == ECONNREFUSED || $error == ECONNRESET;
    return "unreachable" if $error == EHOSTUNREACH || $error == EACCES || $error == EPERM;
    return "silent"      if $error == ETIMEDOUT;
    return "unrouted";
}

my (@waiting, @queue, %known);
for my $name (@names) {
    my ($trouble, @found) = getaddrinfo($name, "0", { socktype => SOCK_STREAM });
    if ($trouble) { print "noname $trouble\n"; next }
    for my $entry (@found) {
        my (undef, $address) = getnameinfo($entry->{addr}, NI_NUMERICHOST | NI_NUMERICSERV);
        $address =~ s/%.*//;
        next if $known{$address}++;
        push @queue, map { [$entry, $address, $_] } @ports;
    }
}
if (keys %known > $most) { print "many ", scalar(keys %known), "\nend\n"; exit 0 }

sub say_of { my ($one, $word) = @_; print "$word $one->{port} $one->{address}\n" }

sub start {
    my ($entry, $address, $text) = @{ $_[0] };
    my ($transport, $number, $hex) = $text =~ m{^(tcp|udp)/([0-9]+)(?::([0-9a-f]*))?$} or return;
    my $one = { port => "$transport/$number", address => $address, udp => $transport eq "udp" };
    my $place = $entry->{family} == AF_INET
        ? pack_sockaddr_in($number, (unpack_sockaddr_in($entry->{addr}))[1])
        : Socket::pack_sockaddr_in6($number, (Socket::unpack_sockaddr_in6($entry->{addr}))[1]);
    socket(my $socket, $entry->{family}, $one->{udp} ? SOCK_DGRAM : SOCK_STREAM, 0) or return say_of($one, "unrouted");
    $socket->blocking(0);
    $one->{socket} = $socket;
    $one->{until} = time() + $patience;
    if (!connect($socket, $place)) {
        return say_of($one, word($! + 0)) unless $! == EINPROGRESS;
    }
    if ($one->{udp}) {
        defined(send($socket, pack("H*", $hex // ""), 0)) or return say_of($one, word($! + 0));
    }
    push @waiting, $one;
}

while (@queue || @waiting) {
    start(shift @queue) while @queue && @waiting < $at_once;
    last unless @waiting || @queue;
    next unless @waiting;
    my ($read, $write) = ("", "");
    for my $one (@waiting) { vec($one->{udp} ? $read : $write, fileno($one->{socket}), 1) = 1 }
    my ($until) = sort { $a <=> $b } map { $_->{until} } @waiting;
    my $left = $until - time();
    my ($can_read, $can_write) = ($read, $write);
    select($can_read, $can_write, undef, $left > 0 ? $left : 0);
    my @still;
    for my $one (@waiting) {
        my $fd = fileno($one->{socket});
        if ($one->{udp} && vec($can_read, $fd, 1)) {
            my $heard = recv($one->{socket}, my $bytes, 2048, 0);
            say_of($one, defined $heard ? "open" : word($! + 0));
        } elsif (!$one->{udp} && vec($can_write, $fd, 1)) {
            my $error = unpack("i", getsockopt($one->{socket}, SOL_SOCKET, SO_ERROR));
            say_of($one, $error ? word($error) : "open");
        } elsif (time() >= $one->{until}) {
            say_of($one, "silent");
        } else {
            push @still, $one;
            next;
        }
        close $one->{socket};
    }
    @waiting = @still;
}
print "end\n";
