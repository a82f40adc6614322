# The grounding node for a PC with an RTX GPU (or none): Ubuntu 24.04, Python 3.12, CUDA 13,
# TensorRT for RTX and ROS 2 Jazzy. In the folder of the repository:
#   docker build -f deploy/desktop.Dockerfile -t vlm_ros:desktop .
# docs/deployment.md says how to run it.
ARG BASE=nvidia/cuda:13.0.1-base-ubuntu24.04
FROM ${BASE} AS ros

ARG ROS_APT_SOURCE=1.1.0
ENV ROS_DISTRO=jazzy LANG=C.UTF-8
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]

RUN export DEBIAN_FRONTEND=noninteractive; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates curl; \
    . /etc/os-release; \
    source=https://github.com/ros-infrastructure/ros-apt-source/releases/download/${ROS_APT_SOURCE}; \
    curl -fsSLo /tmp/source.deb \
        "${source}/ros2-apt-source_${ROS_APT_SOURCE}.${VERSION_CODENAME}_all.deb"; \
    apt-get install -y /tmp/source.deb; \
    apt-get update; \
    apt-get install -y --no-install-recommends \
        python3-venv \
        ros-jazzy-rmw-fastrtps-cpp \
        ros-jazzy-ros-base \
        ros-jazzy-tf2-ros-py \
        ros-jazzy-vision-msgs; \
    rm -rf /tmp/source.deb /var/lib/apt/lists/*

# The system's packages stay visible: ROS's Python modules are among them.
COPY requirements/runtime.txt requirements/numpy-1.txt requirements/tensorrt-rtx.txt \
    /tmp/requirements/
RUN python3 -m venv --system-site-packages /opt/vlm_ros/venv; \
    /opt/vlm_ros/venv/bin/python -m pip install --no-cache-dir --no-deps \
        -r /tmp/requirements/runtime.txt \
        -r /tmp/requirements/numpy-1.txt \
        -r /tmp/requirements/tensorrt-rtx.txt; \
    rm -r /tmp/requirements


FROM ros AS build

RUN export DEBIAN_FRONTEND=noninteractive; \
    apt-get update; \
    apt-get install -y --no-install-recommends \
        cmake g++ python3-colcon-common-extensions python3-dev

WORKDIR /opt/vlm_ros
COPY . src/vlm_ros
RUN source /opt/ros/${ROS_DISTRO}/setup.bash; \
    export PATH=/opt/vlm_ros/venv/bin:${PATH}; \
    colcon build --base-paths src --cmake-args \
        -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
        -DPython3_EXECUTABLE=/opt/vlm_ros/venv/bin/python3


FROM ros

COPY --from=build /opt/vlm_ros/install /opt/vlm_ros/install
COPY deploy/entrypoint.sh /opt/vlm_ros/entrypoint.sh
# Ubuntu 24.04 brings a user 1000; images between processes need one and the same on both sides.
# Engines are kept in the volume.
RUN usermod --login vlm_ros --move-home --home /home/vlm_ros ubuntu; \
    install -d -o vlm_ros /var/cache/vlm_ros
ENV VLM_ROS_HOME=/var/cache/vlm_ros NVIDIA_DRIVER_CAPABILITIES=compute,utility
VOLUME /var/cache/vlm_ros
USER vlm_ros
ENTRYPOINT ["/opt/vlm_ros/entrypoint.sh"]
CMD ["ros2", "launch", "vlm_ros", "grounding.launch.py"]
