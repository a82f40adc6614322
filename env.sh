# Source this (`. ./env.sh`) for a shell with ROS 2, this package and its tools, in bash, zsh or any
# POSIX shell. ROS 2 comes from the installation that `make setup` saw sourced, otherwise from the
# wheels in .venv. Sourcing it again is harmless.

if [ -n "${VLM_ROS_ROOT:-}" ]; then
    _vlm_ros_root=$VLM_ROS_ROOT
elif [ -n "${BASH_VERSION:-}" ]; then
    _vlm_ros_root=$(cd "$(dirname "${BASH_SOURCE:-$0}")" && pwd)
elif [ -n "${ZSH_VERSION:-}" ]; then
    _vlm_ros_root=$(eval 'cd "${${(%):-%x}:A:h}" && pwd')
else
    # A POSIX shell does not tell a sourced file where it is: source it from its own folder, or set
    # VLM_ROS_ROOT to that.
    _vlm_ros_root=$PWD
fi

if [ ! -r "$_vlm_ros_root/.venv/.made" ]; then
    echo "There is no environment in $_vlm_ros_root/.venv; run 'make setup' in the folder of" \
        "env.sh, and source env.sh from there." >&2
    unset _vlm_ros_root
    return 1
fi

# Put folder $2 at the front of the path variable $1, once.
_vlm_ros_prepend() {
    eval "_vlm_ros_old=:\${$1:-}:"
    case "$_vlm_ros_old" in
        *":$2:"*) _vlm_ros_old="${_vlm_ros_old%%":$2:"*}:${_vlm_ros_old#*":$2:"}" ;;
    esac
    _vlm_ros_old=${_vlm_ros_old#:}
    _vlm_ros_old=${_vlm_ros_old%:}
    eval "export $1=\"\$2\${_vlm_ros_old:+:\$_vlm_ros_old}\""
}

export VIRTUAL_ENV="$_vlm_ros_root/.venv"
_vlm_ros_site=$(cd "$VIRTUAL_ENV" && echo lib/python3.*/site-packages)
_vlm_ros_install="$_vlm_ros_root/install/vlm_ros"

if [ "$(cat "$VIRTUAL_ENV/.made")" = wheels ]; then
    # The variables themselves, in 5 ms; colcon's setup files do the same in 80 ms.
    for _vlm_ros_folder in "$VIRTUAL_ENV/$_vlm_ros_site"/ros_*.libs "$VIRTUAL_ENV/lib" \
            "$_vlm_ros_install/lib"; do
        _vlm_ros_prepend LD_LIBRARY_PATH "$_vlm_ros_folder"
    done
    # The wheels start every Python a second time to set LD_LIBRARY_PATH, unless told that it is.
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    for _vlm_ros_folder in "$VIRTUAL_ENV" "$_vlm_ros_install"; do
        if [ -d "$_vlm_ros_folder/share/ament_index" ]; then
            _vlm_ros_prepend AMENT_PREFIX_PATH "$_vlm_ros_folder"
            _vlm_ros_prepend CMAKE_PREFIX_PATH "$_vlm_ros_folder"
        fi
    done
    _vlm_ros_prepend PYTHONPATH "$_vlm_ros_install/$_vlm_ros_site"
    export ROS_VERSION=2 ROS_PYTHON_VERSION=3
else
    # setup.* sources the ROS 2 installation as well, local_setup.* only what was built here.
    _vlm_ros_setup="$_vlm_ros_root/install/${ROS_DISTRO:+local_}setup"
    if [ -n "${BASH_VERSION:-}" ]; then
        _vlm_ros_setup="$_vlm_ros_setup.bash"
    elif [ -n "${ZSH_VERSION:-}" ]; then
        _vlm_ros_setup="$_vlm_ros_setup.zsh"
    else
        _vlm_ros_setup="$_vlm_ros_setup.sh"
    fi
    if [ -r "$_vlm_ros_setup" ]; then
        . "$_vlm_ros_setup"
    elif [ -z "${ROS_DISTRO:-}" ]; then
        echo "$VIRTUAL_ENV was made for ROS 2 $(cat "$VIRTUAL_ENV/.made"); source that first." >&2
    fi
fi

_vlm_ros_prepend PATH "$VIRTUAL_ENV/bin"
# Before the installed package: the source tree's own modules, also those added since the build.
_vlm_ros_prepend PYTHONPATH "$_vlm_ros_root"

# Under Fast DDS's own defaults, nearly all 640 x 480 images of a best-effort publisher get lost
# between two processes (5 of 60 arrived, 60 of 60 with this profile, which says why).
if [ -z "${FASTDDS_DEFAULT_PROFILES_FILE:-}${FASTRTPS_DEFAULT_PROFILES_FILE:-}" ] &&
        [ -z "${FASTDDS_BUILTIN_TRANSPORTS:-}" ]; then
    # Fast DDS 2 knows the older name; Fast DDS 3 warns about it.
    case "${ROS_DISTRO:-}" in
        humble | iron | jazzy)
            export FASTRTPS_DEFAULT_PROFILES_FILE="$_vlm_ros_root/config/fastdds.xml" ;;
        *) export FASTDDS_DEFAULT_PROFILES_FILE="$_vlm_ros_root/config/fastdds.xml" ;;
    esac
fi

unset _vlm_ros_root _vlm_ros_install _vlm_ros_site _vlm_ros_folder _vlm_ros_old _vlm_ros_setup
unset -f _vlm_ros_prepend
