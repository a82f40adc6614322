# The grounding node for a Jetson with JetPack 6: Ubuntu 22.04, Python 3.10, CUDA 12.6, TensorRT 10.3
# and ROS 2 Humble. Build it on the Jetson, in the folder of the repository:
#   docker build -f deploy/jetson.Dockerfile -t vlm_ros:jetson .
# docs/jetson.md says how to run it.
ARG BASE=nvcr.io/nvidia/l4t-jetpack:r36.4.0
FROM ${BASE} AS ros

ARG ROS_APT_SOURCE=1.1.0
ENV ROS_DISTRO=humble LANG=C.UTF-8
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
        python3-libnvinfer \
        python3-venv \
        ros-humble-rmw-fastrtps-cpp \
        ros-humble-ros-base \
        ros-humble-tf2-ros-py \
        ros-humble-vision-msgs; \
    rm -rf /tmp/source.deb /var/lib/apt/lists/*

# The system's packages stay visible: ROS's and TensorRT's Python modules are among them. OpenCV
# comes from here, because JetPack's own and the one that ROS packages ask for exclude each other.
# cuda-bindings have to be those of the base's CUDA; onnx and ml-dtypes are for building engines.
COPY requirements/runtime.txt requirements/numpy-1.txt /tmp/requirements/
RUN python3 -m venv --system-site-packages /opt/vlm_ros/venv; \
    /opt/vlm_ros/venv/bin/python -m pip install --no-cache-dir --no-deps \
        -r /tmp/requirements/runtime.txt \
        -r /tmp/requirements/numpy-1.txt \
        cuda-bindings==12.9.10 \
        cuda-pathfinder==1.8.3 \
        ml-dtypes==0.6.0 \
        onnx==1.23.2; \
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
# Engines are kept in the volume; the GPU's device files belong to the group video.
RUN useradd --create-home --uid 1000 --groups video vlm_ros; \
    install -d -o vlm_ros /var/cache/vlm_ros
ENV VLM_ROS_HOME=/var/cache/vlm_ros
VOLUME /var/cache/vlm_ros
USER vlm_ros
ENTRYPOINT ["/opt/vlm_ros/entrypoint.sh"]
CMD ["ros2", "launch", "vlm_ros", "grounding.launch.py", "robot:=jetson_8gb"]
