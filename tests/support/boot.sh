#!/bin/bash
# Boots systemd on an overlay of this machine's root, in name spaces of its own: boot.sh FOLDER NAME PACKAGE, to be started by
#   unshare --fork --kill-child --pid --mount --net --uts --ipc
# All that it mounts is in the mount name space and goes with it; what the system writes goes to a tmpfs. It has a /run, /tmp,
# /var/tmp, /dev and network of its own (systemd clears them), and cannot write /proc/sys or /sys. Its cgroup is NAME.
# Exit code 77: this machine cannot do it, for the reason that is printed.
set -e
trap 'echo "cannot boot: line $LINENO"; exit 77' ERR
folder=$1 name=$2 package=$3
mount --make-rprivate /
if [ -z "$IN_CGROUP" ]; then
    mount -t cgroup2 cgroup2 "$folder"
    mkdir "$folder/$name"
    echo 0 >"$folder/$name/cgroup.procs"
    umount "$folder"
    IN_CGROUP=1 exec unshare --cgroup "$0" "$@"
fi
root=$folder/root
mount -t tmpfs -o size=1g,mode=755 tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
cp "$package" "$root/srv/logveil.deb"
cd "$root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for dir in run tmp var/tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "$dir"
done
chmod 755 run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm run/lock
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
# Nothing but the system itself: services of this machine that packages enabled, and timers, stay away.
find etc/systemd/system -mindepth 1 -maxdepth 1 -name '*.wants' -exec rm -r {} +
for unit in systemd-udevd systemd-udev-trigger systemd-modules-load systemd-sysctl systemd-remount-fs systemd-binfmt \
    systemd-timesyncd systemd-pstore systemd-hwdb-update; do
    ln -sf /dev/null "etc/systemd/system/$unit.service"
done
# The first forbids packages to start services, the others take long.
rm -f usr/sbin/policy-rc.d var/lib/man-db/auto-update etc/apt/apt.conf.d/20packagekit
mkdir old
pivot_root . old
umount -l /old
export container=other
trap - ERR
exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-syslog,-wake_alarm \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=no
